#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "zeus/job/job.h"

namespace zeus {

/// The workloads of one trace, each once; rows refer to them by index.
class WorkloadNames {
 public:
  /// Index of the workload, adding it when it is new. Fast when the previous call asked for the same one.
  uint32_t Intern(std::string_view dataset, std::string_view network, std::string_view optimizer);

  [[nodiscard]] std::optional<uint32_t> Find(const Workload& workload) const;
  [[nodiscard]] const std::vector<Workload>& all() const { return workloads_; }
  [[nodiscard]] const Workload& operator[](uint32_t index) const { return workloads_[index]; }

 private:
  std::vector<Workload> workloads_;
  uint32_t last_ = 0;
};

}  // namespace zeus
