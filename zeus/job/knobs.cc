#include "zeus/job/knobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zeus {

Result<KnobSpace> KnobSpace::Create(std::vector<BatchSizeChoice> choices) {
  if (choices.empty()) return Fail(ErrorCode::kInvalidArgument, "no batch sizes to choose from");
  std::ranges::sort(choices, {}, &BatchSizeChoice::batch_size);
  if (choices.front().batch_size < 1) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("batch size {}: expected 1 or more", choices.front().batch_size));
  }
  const auto twice = std::ranges::adjacent_find(choices, {}, &BatchSizeChoice::batch_size);
  if (twice != choices.end()) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("batch size {} is given twice", twice->batch_size));
  }
  for (BatchSizeChoice& choice : choices) {
    for (const Watts limit : choice.power_limits) {
      if (limit > Watts(0) && std::isfinite(limit.value())) continue;
      return Fail(ErrorCode::kInvalidArgument, fmt::format("batch size {}: a power limit is {} W: expected more than 0",
                                                           choice.batch_size, limit.value()));
    }
    std::ranges::sort(choice.power_limits);
  }
  return KnobSpace(std::move(choices));
}

Result<KnobSpace> KnobSpace::OfBatchSizes(const std::vector<int64_t>& batch_sizes) {
  std::vector<BatchSizeChoice> choices;
  choices.reserve(batch_sizes.size());
  for (const int64_t batch_size : batch_sizes) choices.push_back({.batch_size = batch_size, .power_limits = {}});
  return Create(std::move(choices));
}

std::vector<int64_t> KnobSpace::batch_sizes() const {
  std::vector<int64_t> batch_sizes;
  batch_sizes.reserve(choices_.size());
  for (const BatchSizeChoice& choice : choices_) batch_sizes.push_back(choice.batch_size);
  return batch_sizes;
}

std::optional<size_t> KnobSpace::Find(int64_t batch_size) const {
  const auto found = std::ranges::lower_bound(choices_, batch_size, {}, &BatchSizeChoice::batch_size);
  if (found == choices_.end() || found->batch_size != batch_size) return std::nullopt;
  return static_cast<size_t>(found - choices_.begin());
}

}  // namespace zeus
