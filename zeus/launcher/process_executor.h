#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "zeus/base/noted_signals.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/job/cost.h"
#include "zeus/job/job.h"
#include "zeus/launcher/job_file.h"
#include "zeus/launcher/run_history.h"
#include "zeus/launcher/training_process.h"
#include "zeus/recurrence/executor.h"
#include "zeus/trace/power_profile.h"
#include "zeus/trace/run_result.h"

namespace zeus {

struct ProcessExecutorOptions {
  Job job;
  CostMetric metric;    ///< Its MaxPower: the largest limit of a GPU times the GPUs of the job.
  Watts largest_limit;  ///< Of one GPU.
  ObserverMode observer = ObserverMode::kOff;
  ProfileWindow profile;
  uint64_t seed = 1;              ///< Of the first try; each next one gets one more.
  std::filesystem::path log_dir;  ///< Absolute.
  std::optional<int> echo;
  std::optional<Seconds> timeout;
  Seconds grace{10};
  std::optional<int> held;
  const NotedSignals* signals = nullptr;  ///< May be null; outlives the executor.
};

/// Each try is a process: the job's command with its knobs filled in, the environment that the training session reads,
/// and its result and power profile from the files that the session writes. docs/running.md says it in full.
///
/// What an earlier attempt at the same try left in the log folder is removed before it starts. Errors say how the
/// command ended and quote the end of its log. A command that ends with an exit code other than 0 failed, but for one
/// case: the session stopped it by its cost bound and saved a result that did not reach the target, which a script that
/// does not catch that ends with.
class ProcessExecutor final : public Executor {
 public:
  explicit ProcessExecutor(ProcessExecutorOptions options) : options_(std::move(options)) {}

  Result<Outcome> Execute(const TryRequest& request, const ChoosePowerLimit& choose) override;

  /// The same, with all that is worth recording.
  Result<RunEntry> RunTry(const TryRequest& request, const ChoosePowerLimit& choose);

  /// A try that was made before this executor was; `chosen` is the limit that was chosen from its profile, if it has
  /// one.
  void Remember(const RunEntry& entry, std::optional<Watts> chosen);

  /// How that try would be started.
  [[nodiscard]] Result<TrainingCommand> CommandFor(const TryRequest& request) const;

  /// Whether the last try ended because a signal told us to end.
  [[nodiscard]] bool interrupted() const { return interrupted_; }

 private:
  struct KnownLimit {
    Watts chosen;      // By the power-limit policy.
    Watts trained_at;  // By the session.
  };

  Result<void> CheckLimit(const TryRequest& request) const;
  Result<void> RemoveStaleFiles(const TryRequest& request, const std::string& job_id) const;
  Result<RunResult> ReadResult(const TryRequest& request, const TrainingCommand& command, const std::string& job_id,
                               const TrainingEnd& end) const;
  /// Reads what the try found out about power limits, and has one chosen.
  Result<void> TakeProfile(const TryRequest& request, const ChoosePowerLimit& choose, RunEntry* entry);

  ProcessExecutorOptions options_;
  std::map<int64_t, KnownLimit> limits_;  // By batch size.
  uint64_t tries_ = 0;
  bool interrupted_ = false;
};

/// "rec01+try02": numbers from 1, two digits at least.
std::string JobIdOf(const TryRequest& request);

/// What the loop learns from an entry.
Outcome OutcomeOf(const RunEntry& entry);

/// The cost of each limit, high to low: (eta * power + (1 - eta) * MaxPower) / throughput.
std::vector<PowerLimitCost> CostsOf(const PowerProfile& profile, const CostMetric& metric);

}  // namespace zeus
