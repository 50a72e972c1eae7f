#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/trace/cluster_groups.h"

namespace zeus {

/// A made-up cluster of recurring jobs.
///
/// Each group's submissions arrive as a Poisson process: exponential gaps, whose mean is the group's mean runtime over
/// `overlap`, so that on average `overlap` runs of a group are under way (Little's law: Little, "A Proof for the
/// Queuing Formula L = λW", 1961). Runtimes are lognormal around the group's mean, and the groups' means around the
/// cluster's.
struct SyntheticCluster {
  int64_t groups = 20;
  int64_t submissions = 50;           ///< Of each group.
  std::vector<std::string> datasets;  ///< The groups take turns; each different.
  double overlap = 0.5;               ///< Mean number of a group's runs under way; above 0.
  Seconds mean_runtime{3600};         ///< Of a run, over all groups.
  double group_spread = 0.5;          ///< Sigma of the groups' mean runtimes.
  double run_spread = 0.1;            ///< Sigma of the runs' lengths within a group.
};

/// kInvalidArgument naming the first field that cannot be.
Result<void> Validate(const SyntheticCluster& cluster);

/// Groups sorted by name; names are 32 hexadecimal digits. Times are to a tenth of a second, and a run's runtime ratio
/// is its length over the mean length of all runs of its data set. The same seed gives the same groups on every
/// machine.
Result<std::vector<ClusterGroup>> GenerateClusterGroups(const SyntheticCluster& cluster, uint64_t seed);

}  // namespace zeus
