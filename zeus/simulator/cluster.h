#pragma once

#include <span>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/job/history.h"
#include "zeus/simulator/policy_factory.h"
#include "zeus/simulator/single_job.h"
#include "zeus/trace/cluster_groups.h"

namespace zeus {

/// What a group's submissions came to: its runs in the order they ended and were observed. Energy and time are scaled
/// by each submission's runtime ratio; recurrence is the submission's number, attempt the retry's.
struct GroupResult {
  History history;
  Joules energy;
  Seconds time;
};

/// Lives through one group: submissions at given times, overlapping runs, retries of those that miss the target.
/// Options' seed is ignored: a group's seed is the Adler-32 of its name, and concurrency is on. Source: Zeus (NSDI'23),
/// section 6.1, the simulation of Alibaba's cluster trace.
Result<GroupResult> SimulateGroup(const ClusterGroup& group, const JobTrace& trace, const SimulationOptions& options,
                                  const PolicyFactory& factory = PolicyFactory());

/// With policies that the caller made; here options' seed is that of the trace's draws.
Result<GroupResult> SimulateGroup(const ClusterGroup& group, const JobTrace& trace, const SimulationOptions& options,
                                  Policies policies);

}  // namespace zeus
