#pragma once

#include <cstdint>

#include "zeus/base/result.h"
#include "zeus/job/job.h"
#include "zeus/job/knobs.h"

namespace zeus {

/// A job as the policy that registered it knows it; another policy may give the same job another id.
enum class JobId : uint32_t {};

/// b0 is one of the feasible batch sizes, or kInvalidArgument with the list of them.
Result<void> CheckDefaultIsFeasible(const JobIdentity& identity, const KnobSpace& space);

std::unexpected<Error> FailUnknownJob();
std::unexpected<Error> FailUnknownBatchSize(int64_t batch_size, const KnobSpace& space);

}  // namespace zeus
