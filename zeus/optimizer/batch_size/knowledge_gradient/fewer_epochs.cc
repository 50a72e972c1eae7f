#include "zeus/optimizer/batch_size/knowledge_gradient/fewer_epochs.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

namespace zeus::knowledge_gradient {

EpochCounts CountEpochs(std::span<const double> log_epochs, double enough) {
  EpochCounts counts{.few = 0, .more = 0, .excess = 0};
  for (const double each : log_epochs) {
    const double epochs = std::exp(each);
    if (epochs < enough + 0.5) {
      ++counts.few;
    } else {
      ++counts.more;
      counts.excess += epochs - enough;
    }
  }
  counts.excess = counts.more == 0 ? 1 : counts.excess / counts.more;
  return counts;
}

double SavingOfFewerEpochs(const EpochCounts& counts, double spare, double prior) {
  if (spare <= 0) return 0;
  const double few = prior + counts.few;
  const double more = prior + counts.more;
  // It saves something where the share of runs that take few is above this. ibetac(a, b, x) is P(share > x), and the
  // mean of what lies above x is a / (a + b) * ibetac(a + 1, b, x).
  const double least = std::max(0.0, 1 - spare / counts.excess);
  const double chance = boost::math::ibetac(few, more, least);
  const double share = few / (few + more) * boost::math::ibetac(few + 1, more, least);
  return std::max(0.0, (spare - counts.excess) * chance + counts.excess * share);
}

}  // namespace zeus::knowledge_gradient
