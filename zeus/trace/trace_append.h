#pragma once

#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/job/job.h"
#include "zeus/trace/power_trace.h"
#include "zeus/trace/train_trace.h"

namespace zeus {

/// Adds the workloads of one trace to the end of another. A workload that stands there already is passed over when all
/// its rows are the same, so that one train trace serves several GPUs; otherwise kInvalidArgument, and nothing is
/// added.
Result<void> Append(const TrainTrace& added, TrainTrace* trace);
Result<void> Append(const PowerTrace& added, PowerTrace* trace);

/// Adds a job to a list of workloads, which has one for each data set; in the same way.
Result<void> Append(const JobIdentity& added, std::vector<JobIdentity>* jobs);

/// The same on a file's text: what stands in it stays byte for byte. An empty text becomes a whole file. `source` names
/// the file in errors: kInvalidData when the text has problems, kFailedPrecondition when its columns are not those that
/// are written here, in this order.
Result<std::string> AppendToCsv(const std::string& text, const std::string& source, const TrainTrace& added);
Result<std::string> AppendToCsv(const std::string& text, const std::string& source, const PowerTrace& added);
Result<std::string> AppendToCsv(const std::string& text, const std::string& source, const JobIdentity& added);

}  // namespace zeus
