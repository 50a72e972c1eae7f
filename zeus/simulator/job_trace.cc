#include "zeus/simulator/job_trace.h"

#include <algorithm>
#include <set>

namespace zeus {

const RecordedBatchSize* JobTrace::Find(int64_t batch_size) const {
  const auto found = std::ranges::lower_bound(batch_sizes, batch_size, {}, &RecordedBatchSize::batch_size);
  return found != batch_sizes.end() && found->batch_size == batch_size ? &*found : nullptr;
}

int64_t JobTrace::DefaultRecurrences() const {
  std::set<Watts> limits;
  for (const RecordedBatchSize& recorded : batch_sizes) {
    for (const RecordedLimit& limit : recorded.limits) limits.insert(limit.power_limit);
  }
  return static_cast<int64_t>(2 * batch_sizes.size() * limits.size());
}

}  // namespace zeus
