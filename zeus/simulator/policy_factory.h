#pragma once

#include <memory>
#include <string>
#include <vector>

#include "zeus/job/cost.h"
#include "zeus/optimizer/batch_size/make_batch_size_policy.h"
#include "zeus/optimizer/power_limit/make_power_limit_policy.h"
#include "zeus/simulator/job_trace.h"

namespace zeus {

/// The policies of one simulation, by name or made by somebody else's factory.
struct PolicyNames {
  std::string batch_size = std::string(kDefaultBatchSizePolicy);
  std::string power_limit = std::string(kDefaultPowerLimitPolicy);
};

struct Policies {
  std::unique_ptr<BatchSizePolicy> batch_size;
  std::unique_ptr<PowerLimitPolicy> power_limit;
};

/// Makes policies by name. Implemented here for the built-in ones; whoever loads plugins implements it over those, too.
/// Safe to call from several threads at once.
class PolicyFactory {
 public:
  virtual ~PolicyFactory() = default;

  [[nodiscard]] virtual std::vector<std::string> names() const;

  /// Fresh policies for a simulation of `trace`; the name "oracle" is answered with the trace's best pair.
  [[nodiscard]] virtual Result<Policies> Make(const PolicyNames& names, const PolicyOptions& options,
                                              const JobTrace& trace, const CostMetric& metric) const;
};

}  // namespace zeus
