#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/job/knobs.h"
#include "zeus/launcher/process_executor.h"
#include "zeus/trace/power_profile.h"
#include "zeus/trace/power_trace.h"
#include "zeus/trace/train_trace.h"

namespace zeus {

/// One run of the training command at one batch size.
struct ProfiledRun {
  int64_t num_epochs = 0;
  Seconds time;
  bool reached = false;
};

/// What was found out about one batch size.
struct BatchSizeProfile {
  int64_t batch_size = 0;
  PowerProfile limits;
  std::vector<ProfiledRun> runs;  ///< At the largest limit, to the target or to max_epochs.
};

struct JobProfileOptions {
  ProcessExecutorOptions executor;  ///< Its observer mode is switched on.
  std::vector<int64_t> batch_sizes;
  int64_t runs = 1;                    ///< For each batch size, each with another seed.
  std::function<void()> on_run_ended;  ///< One of the 1 + runs of a batch size; may be empty.
};

/// Runs a job's training command at each batch size: once for as long as it takes to profile its power limits, then
/// `runs` times at the largest limit until it reaches the target. What an earlier call has left in the log folder is
/// taken instead of being run again, so that a profile that was interrupted goes on. Errors are those of the executor.
Result<std::vector<BatchSizeProfile>> ProfileJob(JobProfileOptions options);

/// As a train trace: a row a run.
TrainTrace ToTrainTrace(const Job& job, const std::vector<BatchSizeProfile>& profiles);

/// As a power trace: a row for each batch size and limit. The time of an epoch is what the runs took, at the limit that
/// they ran at; at the others it is scaled by the throughputs that were measured in training.
PowerTrace ToPowerTrace(const Job& job, Watts limit_of_runs, const std::vector<BatchSizeProfile>& profiles);

}  // namespace zeus
