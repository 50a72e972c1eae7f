#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus {

/// One batch size that a policy may choose, and the power limits that may go with it.
struct BatchSizeChoice {
  int64_t batch_size = 0;
  std::vector<Watts> power_limits;  ///< Ascending; empty when they are found out only on the device.

  bool operator==(const BatchSizeChoice&) const = default;
};

/// The feasible batch sizes of a job, ascending, each once.
class KnobSpace {
 public:
  /// Sorts; refuses an empty list, a batch size below 1, one given twice and a power limit that is not above 0 W.
  static Result<KnobSpace> Create(std::vector<BatchSizeChoice> choices);

  /// Feasible batch sizes whose power limits the device will tell.
  static Result<KnobSpace> OfBatchSizes(const std::vector<int64_t>& batch_sizes);

  [[nodiscard]] const std::vector<BatchSizeChoice>& choices() const { return choices_; }
  [[nodiscard]] size_t size() const { return choices_.size(); }
  [[nodiscard]] std::vector<int64_t> batch_sizes() const;

  /// Position of a batch size among the choices; nullopt when it is not one of them.
  [[nodiscard]] std::optional<size_t> Find(int64_t batch_size) const;

  bool operator==(const KnobSpace&) const = default;

 private:
  explicit KnobSpace(std::vector<BatchSizeChoice> choices) : choices_(std::move(choices)) {}

  std::vector<BatchSizeChoice> choices_;
};

}  // namespace zeus
