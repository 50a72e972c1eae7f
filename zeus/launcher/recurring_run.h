#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zeus/base/noted_signals.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/job/cost.h"
#include "zeus/job/history.h"
#include "zeus/launcher/replay_executor.h"
#include "zeus/launcher/run_folder.h"
#include "zeus/launcher/run_history.h"
#include "zeus/launcher/training_process.h"
#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/policy_options.h"
#include "zeus/optimizer/power_limit/power_limit_policy.h"
#include "zeus/recurrence/recurrence_loop.h"

namespace zeus {

struct RecurringRunOptions {
  RunIdentity identity;
  int64_t recurrences = 0;
  std::vector<std::string> command;  ///< The job's template.
  Watts largest_limit;               ///< Of one GPU.
  /// Makes the policy that `identity` names.
  std::function<Result<std::unique_ptr<BatchSizePolicy>>(const PolicyOptions&)> make_policy;
  std::optional<int> echo;                            ///< A descriptor that gets the training's output live.
  std::optional<Seconds> timeout;                     ///< Of one try.
  Seconds grace{10};                                  ///< See TrainingCommand.
  const NotedSignals* signals = nullptr;              ///< The first noted ends the run; may be null; outlives it.
  std::function<void(const TryRequest&)> on_try;      ///< A try is about to be made; may be empty.
  std::function<void(const RunEntry&)> on_try_ended;  ///< It ended and is recorded; may be empty.
};

enum class RunEnding { kAllRecurrences, kInterrupted };

/// The recurrences of one job, as processes. After every try its record is on disk; what happens later, also a kill -9,
/// loses the try that was under way and nothing else, and a resumed run makes the decisions that an uninterrupted one
/// would have made.
class RecurringRun {
 public:
  /// Begins a run in a folder that must not be there yet. Wrong options leave no folder behind.
  static Result<std::unique_ptr<RecurringRun>> Start(const std::filesystem::path& folder, RecurringRunOptions options);

  /// Goes on with the run in a folder. kInvalidArgument naming the first option in which it differs from that run, or
  /// when it has more recurrences than are wanted; errors of RunFolder::Open and ReadRunHistory.
  static Result<std::unique_ptr<RecurringRun>> Resume(const std::filesystem::path& folder, RecurringRunOptions options);

  /// How the first try of such a run would be started; touches nothing.
  static Result<TrainingCommand> Preview(const std::filesystem::path& folder, RecurringRunOptions options);

  RecurringRun(const RecurringRun&) = delete;
  RecurringRun& operator=(const RecurringRun&) = delete;

  /// Runs until all recurrences are done or a signal was noted. Errors: those of the loop, the policies, the training
  /// and the disk; kInvalidData when the record is not what this program would have done. Once.
  Result<RunEnding> Run();

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_->path(); }
  [[nodiscard]] const CostMetric& metric() const { return metric_; }
  /// As far as it has come, what was recorded before included.
  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] size_t tries_recorded() const { return record_.entries.size(); }

 private:
  RecurringRun(RecurringRunOptions options, const CostMetric& metric, std::filesystem::path log_dir);

  static Result<std::unique_ptr<RecurringRun>> Create(const std::filesystem::path& folder, RecurringRunOptions options);
  [[nodiscard]] Result<RecurrenceLoop> MakeLoop(Executor& executor) const;
  void MakeExecutors();
  [[nodiscard]] ProcessExecutorOptions ExecutorOptions() const;
  [[nodiscard]] Result<void> Save() const;

  RecurringRunOptions options_;
  CostMetric metric_;
  std::filesystem::path log_dir_;
  std::optional<RunFolder> folder_;  // Absent in a preview.
  RunHistory record_;
  std::unique_ptr<BatchSizePolicy> batch_size_policy_;
  std::unique_ptr<PowerLimitPolicy> power_limit_policy_;
  // At fixed addresses, because the loop points to the one and that to the other.
  std::unique_ptr<ProcessExecutor> processes_;
  std::unique_ptr<ReplayExecutor> executor_;
  History history_;
};

}  // namespace zeus
