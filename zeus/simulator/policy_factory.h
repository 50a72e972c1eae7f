#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "zeus/job/cost.h"
#include "zeus/optimizer/batch_size/make_batch_size_policy.h"
#include "zeus/optimizer/power_limit/make_power_limit_policy.h"
#include "zeus/simulator/job_trace.h"

namespace zeus {

/// The policies of one simulation, by name.
struct PolicyNames {
  std::string batch_size = std::string(kDefaultBatchSizePolicy);
  std::string power_limit = std::string(kDefaultPowerLimitPolicy);
};

struct Policies {
  std::unique_ptr<BatchSizePolicy> batch_size;
  std::unique_ptr<PowerLimitPolicy> power_limit;
};

/// Makes a fresh batch-size policy; called from several threads at once.
using BatchSizePolicyMaker = std::function<Result<std::unique_ptr<BatchSizePolicy>>(const PolicyOptions&)>;

/// Makes policies by name: the built-in ones, "oracle", which knows the trace, and those that were registered, such as
/// a plugin's. Const calls are safe from several threads at once; register first.
class PolicyFactory {
 public:
  /// Adds a policy. kInvalidArgument when the name is empty or taken.
  Result<void> Register(std::string name, BatchSizePolicyMaker make);

  [[nodiscard]] std::vector<std::string> names() const;

  /// kInvalidArgument for a name that no policy has, with the list of names.
  [[nodiscard]] Result<void> CheckNames(const PolicyNames& names) const;

  /// Fresh policies for a simulation of `trace`; the name "oracle" is answered with the trace's best pair.
  [[nodiscard]] Result<Policies> Make(const PolicyNames& names, const PolicyOptions& options, const JobTrace& trace,
                                      const CostMetric& metric) const;

  /// A fresh batch-size policy that knows no trace: any but "oracle".
  [[nodiscard]] Result<std::unique_ptr<BatchSizePolicy>> MakeBatchSize(std::string_view name,
                                                                       const PolicyOptions& options) const;

 private:
  struct Registered {
    std::string name;
    BatchSizePolicyMaker make;
  };

  std::vector<Registered> registered_;
};

}  // namespace zeus
