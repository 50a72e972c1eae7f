#include "zeus/optimizer/job_id.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace zeus {

Result<void> CheckDefaultIsFeasible(const JobIdentity& identity, const KnobSpace& space) {
  if (space.Find(identity.default_batch_size)) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("the default batch size {} is not among the feasible ones: {}", identity.default_batch_size,
                          fmt::join(space.batch_sizes(), ", ")));
}

std::unexpected<Error> FailUnknownJob() {
  return Fail(ErrorCode::kFailedPrecondition, "the policy does not know this job: it was never registered");
}

std::unexpected<Error> FailUnknownBatchSize(int64_t batch_size, const KnobSpace& space) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("batch size {} is not among the feasible ones: {}", batch_size,
                                                       fmt::join(space.batch_sizes(), ", ")));
}

}  // namespace zeus
