#include "zeus/job/job.h"

#include <fmt/format.h>

#include <cmath>

namespace zeus {

std::string ToText(const Workload& workload) {
  return fmt::format("{}/{}/{}", workload.dataset, workload.network, workload.optimizer);
}

Result<void> Validate(const JobIdentity& identity) {
  if (identity.max_epochs < 1) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("max_epochs is {}: expected 1 or more", identity.max_epochs));
  }
  if (identity.default_batch_size < 1) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the default batch size is {}: expected 1 or more", identity.default_batch_size));
  }
  if (!std::isfinite(identity.target_metric)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the target metric is {}: expected a number", identity.target_metric));
  }
  return {};
}

}  // namespace zeus
