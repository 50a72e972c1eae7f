#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "zeus/optimizer/batch_size/knowledge_gradient/log_belief.h"

namespace zeus::knowledge_gradient {

/// The cost of an epoch at each batch size: exact where it was found out, extrapolated elsewhere. An epoch takes
/// A + B/b: work for each sample, and for each batch. How much the batches weigh is learned from the sizes that are
/// known; what differs from such a curve is taken for a random walk over log2(batch size), so that a size between two
/// known ones is known better than one beyond.
class EpochCosts {
 public:
  EpochCosts(std::span<const int64_t> batch_sizes, int64_t default_batch_size, double drift);

  void Set(size_t size, double cost);
  [[nodiscard]] bool known(size_t size) const { return known_[size].has_value(); }
  [[nodiscard]] std::optional<double> cost(size_t size) const;

  /// Of ln(cost); variance 0 where it is known. All the same where none is known.
  [[nodiscard]] const std::vector<LogBelief>& beliefs() const { return beliefs_; }

 private:
  static constexpr size_t kCurves = 11;

  void Update();
  [[nodiscard]] LogBelief Extrapolate(size_t size, size_t curve, std::span<const size_t> known) const;

  double drift_;
  std::vector<double> octaves_;  ///< log2(batch size).
  std::vector<double> curves_;   ///< ln of each curve, sizes within curves.
  std::vector<std::optional<double>> known_;
  std::vector<LogBelief> beliefs_;
};

}  // namespace zeus::knowledge_gradient
