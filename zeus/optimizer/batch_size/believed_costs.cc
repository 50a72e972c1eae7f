#include "zeus/optimizer/batch_size/believed_costs.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace zeus {

BelievedNumber BelievedCosts::Number(size_t each) const {
  const auto begin = draws_.begin() + static_cast<std::ptrdiff_t>(each * kDraws);
  std::vector<double> sorted(begin, begin + kDraws);
  std::ranges::sort(sorted);
  const double sum = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  constexpr size_t kTail = kDraws / 20;
  return {.mean = sum / static_cast<double>(kDraws), .low = sorted[kTail], .high = sorted[kDraws - 1 - kTail]};
}

std::vector<double> BelievedCosts::LeastProbabilities(const std::vector<bool>& counts) const {
  std::vector<double> least(count_);
  for (size_t i = 0; i < kDraws; ++i) {
    size_t best = count_;
    double lowest = std::numeric_limits<double>::infinity();
    for (size_t each = 0; each < count_; ++each) {
      const double number = draws_[each * kDraws + i];
      if (!counts[each] || number >= lowest) continue;
      lowest = number;
      best = each;
    }
    if (best < count_) least[best] += 1.0 / static_cast<double>(kDraws);
  }
  return least;
}

}  // namespace zeus
