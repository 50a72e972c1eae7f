#pragma once

#include <memory>
#include <vector>

#include "services/http/request_metrics.h"
#include "services/http/router.h"
#include "services/node_daemon/device_owner.h"
#include "services/node_daemon/lease_book.h"
#include "zeus/device/cpu.h"
#include "zeus/device/gpu.h"

namespace zeus {

/// GET /metrics, for Prometheus: the devices' figures, leases and requests. Devices are read by a thread of its own,
/// one scrape after the other; nobody's stream or setting waits for it. Thread-safe.
class MetricsRoute {
 public:
  struct Sources {
    std::vector<Gpu*> gpus;  ///< Those that may be read.
    std::vector<Cpu*> cpus;
    const LeaseBook* leases = nullptr;
    std::shared_ptr<const http::RequestMetrics> requests;  ///< Of the server that has the route; may be null.
  };

  explicit MetricsRoute(Sources sources) : sources_(std::move(sources)) {}

  /// The router's requests must have ended before this goes away.
  void AddTo(http::Router& router);
  void Stop() { reader_.Stop(); }

 private:
  const Sources sources_;
  DeviceOwner reader_;
};

}  // namespace zeus
