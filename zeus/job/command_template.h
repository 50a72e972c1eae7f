#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/job/job.h"

namespace zeus {

/// What a try's command line may need to know.
struct CommandValues {
  int64_t batch_size = 0;
  uint64_t seed = 0;
  int64_t recurrence = 0;  ///< For {slice_number}.
};

/// The job's command with every argument that is exactly one of
///   {bs} {batch_size} {lr} {learning_rate} {seed} {epoch} {epochs} {slice_number} {target_metric}
/// replaced. Other text, also with one of these inside it, stays as it is. {lr} needs the job's default learning rate
/// and an optimizer with a scaling rule, else kInvalidArgument.
Result<std::vector<std::string>> FillCommand(const Job& job, const CommandValues& values);

}  // namespace zeus
