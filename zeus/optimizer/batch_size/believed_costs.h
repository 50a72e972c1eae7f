#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "zeus/base/numpy_generator.h"
#include "zeus/optimizer/batch_size/policy_explanation.h"

namespace zeus {

/// Numbers by draws from a joint belief about several things: their means, nine-in-ten intervals, and how probable it
/// is that each is the least. The draws are the same every time; a probability is off by about 0.3 points.
class BelievedCosts {
 public:
  static constexpr size_t kDraws = 20'000;

  /// `draw(generator, numbers)` fills in one joint draw of `count` numbers.
  template <class Draw>
  BelievedCosts(size_t count, Draw draw) : count_(count), draws_(count * kDraws) {
    NumpyGenerator generator(0);
    std::vector<double> numbers(count);
    for (size_t i = 0; i < kDraws; ++i) {
      draw(generator, std::span<double>(numbers));
      for (size_t each = 0; each < count; ++each) draws_[each * kDraws + i] = numbers[each];
    }
  }

  [[nodiscard]] BelievedNumber Number(size_t each) const;
  /// For each, among those for which `counts` is true; 0 for the others.
  [[nodiscard]] std::vector<double> LeastProbabilities(const std::vector<bool>& counts) const;

 private:
  size_t count_;
  std::vector<double> draws_;  // Those of one thing side by side.
};

}  // namespace zeus
