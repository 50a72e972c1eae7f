#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "zeus/optimizer/batch_size/knowledge_gradient/curve_family.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/log_belief.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/settings.h"

namespace zeus::knowledge_gradient {

/// Why runs take fewer epochs than before, and how many fewer they therefore take at sizes that were not run since.
///
/// Either all sizes fell alike, or the critical batch size grew, so that larger ones fell more, and another is the best
/// now. Each explanation has a weight for each curve that was believed in, by Bayes' rule from the sizes that were run
/// since, and is Gaussian given it: what all sizes have in common is integrated out.
class FallExplanation {
 public:
  /// `curves`: positions of those that were believed in before the fall, with their weights.
  FallExplanation(const CurveFamily& family, std::span<const size_t> curves, std::span<const double> weights,
                  size_t sizes, const Settings& settings);

  /// What a size that was run since came to.
  struct Seen {
    size_t size = 0;
    double change = 0;    ///< Of ln(epochs).
    double variance = 0;  ///< Of that number.
  };
  /// The change of ln(epochs) at each size. Precondition: `seen` is not empty.
  [[nodiscard]] std::vector<LogBelief> Explain(std::span<const Seen> seen) const;

 private:
  struct Hypothesis {
    double log_weight = 0;  ///< Before anything is seen.
    double level = 0;       ///< Variance of what all sizes have in common.
  };

  void Add(const Hypothesis& hypothesis, const CurveFamily& family, size_t curve, double factor);
  /// Those of a hypothesis, without what all sizes have in common.
  [[nodiscard]] std::span<const double> changes(size_t hypothesis) const {
    return std::span(changes_).subspan(hypothesis * sizes_, sizes_);
  }

  size_t sizes_;
  std::vector<Hypothesis> hypotheses_;
  std::vector<double> changes_;  ///< Sizes within hypotheses.
};

}  // namespace zeus::knowledge_gradient
