#pragma once

#include <span>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/job/job.h"
#include "zeus/simulator/joined_trace.h"

namespace zeus {

/// The six jobs of the paper's evaluation, each named by its data set. Source: Zeus (NSDI'23), table 1.
std::span<const JobIdentity> KnownWorkloads();

/// The job of that name as it runs on the GPU of `trace`: b0 is no larger than the largest batch size recorded there.
/// kInvalidArgument for an unknown name, with the list of names, or when the trace does not hold it.
Result<JobIdentity> KnownWorkload(std::string_view dataset, const JoinedTrace& trace);

}  // namespace zeus
