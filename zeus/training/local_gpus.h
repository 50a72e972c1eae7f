#pragma once

#include <memory>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/control/settings_journal.h"
#include "zeus/device/inventory.h"
#include "zeus/training/training_gpus.h"

namespace zeus {

struct LocalGpusOptions {
  InventoryOptions inventory;  ///< With the visibility variables: the GPUs that this process trains on.
  /// Which of the visible ones, as the script numbers them, and in this order; empty: all.
  std::vector<size_t> positions = {};
  std::filesystem::path journal_folder;
  WallClock wall_clock;
  Seconds longest_wait{3};  ///< For a process that has borrowed the GPUs and may be about to end.
};

/// The GPUs of this process, borrowed: limits that are set are put back when this goes away, and by the next start
/// after a kill. Persistence mode is switched on where the GPUs have it. Windows wait for the queues of CUDA and HIP.
class LocalGpus final : public TrainingGpus {
 public:
  /// Tries on each GPU, and takes back, a limit 2 W off: nothing else tells whether this process may change it.
  ///
  /// kUnavailable when there is no GPU, saying why; kInvalidArgument for a position that is not there, and when they do
  /// not all allow the same limits; kPermissionDenied, saying what to do, when this process may not change them; others
  /// of BorrowedGpu.
  static Result<std::unique_ptr<LocalGpus>> Open(const LocalGpusOptions& options);
  ~LocalGpus() override;

  [[nodiscard]] size_t count() const override;
  [[nodiscard]] const PowerLimitRange& power_limits() const override;
  Result<void> SetPowerLimit(Watts limit) override;
  Result<void> BeginWindow(std::string_view name) override;
  Result<TrainingFigures> EndWindow(std::string_view name) override;
  Result<void> CancelWindow(std::string_view name) override;

  [[nodiscard]] const std::vector<Gpu*>& gpus() const;
  /// What users should know: what an earlier run left behind and was restored. A sentence each.
  [[nodiscard]] const std::vector<std::string>& notes() const;

 private:
  struct Parts;

  explicit LocalGpus(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace zeus
