#include "zeus/trace/workload_names.h"

#include <algorithm>

namespace zeus {

uint32_t WorkloadNames::Intern(std::string_view dataset, std::string_view network, std::string_view optimizer) {
  const auto matches = [&](const Workload& workload) {
    return workload.dataset == dataset && workload.network == network && workload.optimizer == optimizer;
  };
  if (last_ < workloads_.size() && matches(workloads_[last_])) return last_;
  const auto found = std::ranges::find_if(workloads_, matches);
  last_ = static_cast<uint32_t>(found - workloads_.begin());
  if (found == workloads_.end()) {
    workloads_.push_back(
        {.dataset = std::string(dataset), .network = std::string(network), .optimizer = std::string(optimizer)});
  }
  return last_;
}

std::optional<uint32_t> WorkloadNames::Find(const Workload& workload) const {
  const auto found = std::ranges::find(workloads_, workload);
  if (found == workloads_.end()) return std::nullopt;
  return static_cast<uint32_t>(found - workloads_.begin());
}

}  // namespace zeus
