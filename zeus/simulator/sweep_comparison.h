#pragma once

#include <cstddef>
#include <vector>

#include "zeus/simulator/sweep.h"

namespace zeus {

/// One policy's regret against another's, over all jobs, GPUs and knobs that both were run on. Cases are positions in
/// the sweep.
struct PolicyComparison {
  size_t example = 0;          ///< A case of the policy.
  size_t against_example = 0;  ///< A case of the one it is compared to.
  size_t pairs = 0;
  /// Geometric mean of (expected regret + 0.1) / (the other's + 0.1): 0.1 keeps pairs that have next to none to lose
  /// from counting for everything. A regret below -0.05 counts as that.
  double ratio = 0;
  double ratio_first_ten = 0;
  double worst_ratio = 0;
  size_t worst_ratio_case = 0;
  double most_lost = 0;  ///< Oracle recurrences beyond the other's regret; negative when none was.
  size_t most_lost_case = 0;
};

/// Every other policy of a sweep against `names`, in the order in which they come. A pair in which a policy failed with
/// every seed is left out, and so is a policy with no pair.
std::vector<PolicyComparison> ComparePolicies(const std::vector<SweepCase>& cases, const std::vector<SweepRow>& rows,
                                              const PolicyNames& names);

}  // namespace zeus
