#include "zeus/optimizer/batch_size/arm_rewards.h"

#include <algorithm>
#include <cmath>

#include "zeus/base/pairwise_sum.h"

namespace zeus {

Result<ArmRewards> ArmRewards::FromState(size_t window, State state) {
  ArmRewards arm(window);
  arm.state_ = std::move(state);
  const bool possible =
      arm.summed_up() ? arm.state_.rewards.empty() && arm.state_.squares >= 0
                      : arm.state_.rewards.size() == arm.state_.count && (window == 0 || arm.state_.count <= window);
  if (!possible) return Fail(ErrorCode::kInvalidData, "the number of rewards does not fit their count and the window");
  const auto finite = [](double value) { return std::isfinite(value); };
  if (!std::ranges::all_of(arm.state_.rewards, finite) || !finite(arm.state_.sum) || !finite(arm.state_.mean) ||
      !finite(arm.state_.squares)) {
    return Fail(ErrorCode::kInvalidData, "a reward, or a sum of rewards, is not a finite number");
  }
  return arm;
}

void ArmRewards::Add(double reward) {
  if (window_ > 0 && state_.count == window_) {
    // Windows are short: moving the rest down is cheaper than a ring and keeps the order of the sum.
    state_.rewards.erase(state_.rewards.begin());
    state_.rewards.push_back(reward);
    return;
  }
  if (window_ == 0 && state_.count == kExactCount) {
    const Statistics exact = Compute();
    state_.sum = exact.sum;
    state_.mean = exact.mean;
    state_.squares = exact.variance * static_cast<double>(exact.count);
    state_.rewards = {};
  }
  ++state_.count;
  if (!summed_up()) {
    state_.rewards.push_back(reward);
    return;
  }
  const double from_old_mean = reward - state_.mean;
  state_.sum += reward;
  state_.mean += from_old_mean / static_cast<double>(state_.count);
  state_.squares += from_old_mean * (reward - state_.mean);
}

ArmRewards::Statistics ArmRewards::Compute() const {
  Statistics statistics{.count = state_.count};
  const auto count = static_cast<double>(state_.count);
  if (state_.count == 0) return statistics;
  if (summed_up()) {
    statistics.sum = state_.sum;
    statistics.mean = state_.mean;
    statistics.variance = state_.squares / count;
    return statistics;
  }
  statistics.sum = PairwiseSum(state_.rewards);
  statistics.mean = statistics.sum / count;
  const double mean = statistics.mean;
  statistics.variance =
      PairwiseSum(state_.rewards, [mean](double reward) { return (reward - mean) * (reward - mean); }) / count;
  return statistics;
}

}  // namespace zeus
