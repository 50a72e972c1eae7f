#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "services/node_daemon/gather.h"
#include "services/node_daemon/node_gpu.h"

namespace zeus {

/// The node's GPUs by their vendor's index. Thread-safe.
class NodeGpus {
 public:
  NodeGpus(const std::vector<Gpu*>& gpus, const NodeGpuOptions& options) {
    for (Gpu* const gpu : gpus) {
      auto node_gpu = std::make_unique<NodeGpu>(*gpu, options);
      gpus_.emplace(node_gpu->id(), std::move(node_gpu));
    }
    for (const auto& [id, gpu] : gpus_) ids_.push_back(id);
  }

  [[nodiscard]] const std::vector<uint64_t>& ids() const { return ids_; }
  [[nodiscard]] NodeGpu& gpu(uint64_t id) { return *gpus_.at(id); }

  void EndLease(int64_t lease) {
    for (auto& [id, gpu] : gpus_) gpu->EndLease(lease);
  }

  void Stop() {
    for (auto& [id, gpu] : gpus_) gpu->Stop();
  }

 private:
  std::map<uint64_t, std::unique_ptr<NodeGpu>> gpus_;
  std::vector<uint64_t> ids_;
};

}  // namespace zeus
