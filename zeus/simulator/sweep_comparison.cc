#include "zeus/simulator/sweep_comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zeus {
namespace {

bool SamePolicies(const PolicyNames& a, const PolicyNames& b) {
  return a.batch_size == b.batch_size && a.power_limit == b.power_limit;
}

bool SameButPolicy(const SweepCase& a, const SweepCase& b) {
  return a.trace == b.trace && a.options.eta == b.options.eta && a.options.beta == b.options.beta;
}

double Ratio(double regret, double other) {
  const auto part = [](double each) { return std::max(each, -0.05) + 0.1; };
  return part(regret) / part(other);
}

}  // namespace

std::vector<PolicyComparison> ComparePolicies(const std::vector<SweepCase>& cases, const std::vector<SweepRow>& rows,
                                              const PolicyNames& names) {
  std::vector<PolicyComparison> comparisons;
  for (size_t i = 0; i < cases.size(); ++i) {
    if (SamePolicies(cases[i].options.policies, names) || rows[i].failed == rows[i].runs) continue;
    for (size_t j = 0; j < cases.size(); ++j) {
      if (!SamePolicies(cases[j].options.policies, names) || !SameButPolicy(cases[i], cases[j])) continue;
      if (rows[j].failed == rows[j].runs) continue;
      auto found = std::ranges::find_if(comparisons, [&](const PolicyComparison& each) {
        return SamePolicies(cases[each.example].options.policies, cases[i].options.policies);
      });
      if (found == comparisons.end()) {
        found = comparisons.insert(
            found, {.example = i, .against_example = j, .most_lost = -std::numeric_limits<double>::infinity()});
      }
      const double ratio = Ratio(rows[i].expected_regret.mean, rows[j].expected_regret.mean);
      const double lost = rows[i].expected_regret.mean - rows[j].expected_regret.mean;
      ++found->pairs;
      found->ratio += std::log(ratio);
      found->ratio_first_ten +=
          std::log(Ratio(rows[i].expected_regret_first_ten.mean, rows[j].expected_regret_first_ten.mean));
      if (ratio > found->worst_ratio) {
        found->worst_ratio = ratio;
        found->worst_ratio_case = i;
      }
      if (lost > found->most_lost) {
        found->most_lost = lost;
        found->most_lost_case = i;
      }
    }
  }
  for (PolicyComparison& each : comparisons) {
    each.ratio = std::exp(each.ratio / static_cast<double>(each.pairs));
    each.ratio_first_ten = std::exp(each.ratio_first_ten / static_cast<double>(each.pairs));
  }
  return comparisons;
}

}  // namespace zeus
