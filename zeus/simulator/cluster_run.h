#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "zeus/simulator/cluster.h"
#include "zeus/simulator/trace_store.h"

namespace zeus {

/// All groups of one data set, added up.
struct DatasetTotals {
  std::string dataset;
  size_t groups = 0;
  size_t failed = 0;  ///< Groups left out of the totals because one of their submissions never reached the target.
  size_t submissions = 0;
  Joules energy;
  Seconds time;
  Joules default_energy;  ///< The same submissions at b0 and the highest power limit.
  Seconds default_time;
};

/// One group's result, or why it could not be simulated to its end.
struct ClusterGroupRun {
  const ClusterGroup* group = nullptr;
  Result<GroupResult> result;
  Result<GroupResult> with_default;
};

struct ClusterRun {
  std::vector<ClusterGroupRun> groups;  ///< In the order given, whatever the thread count.
  std::vector<DatasetTotals> totals;    ///< By data set, sorted.
};

/// Simulates every group on one GPU, with the options' policies and with the user's default, on `threads` threads.
/// kInvalidArgument when a group's data set is no named workload that the traces hold. `groups` outlives the result.
Result<ClusterRun> SimulateCluster(const std::vector<ClusterGroup>& groups, const TraceStore& store,
                                   const JoinedTrace& trace, const SimulationOptions& options,
                                   const PolicyFactory& factory, unsigned threads,
                                   const std::function<void()>& on_progress = {});

}  // namespace zeus
