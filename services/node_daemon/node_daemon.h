#pragma once

#include <memory>
#include <vector>

#include "services/http/bearer.h"
#include "services/http/router.h"
#include "services/node_daemon/api_group.h"
#include "services/node_daemon/lease_book.h"
#include "services/node_daemon/metrics_route.h"
#include "services/node_daemon/node_cpus.h"
#include "services/node_daemon/node_gpus.h"

namespace zeus {

struct NodeDaemonOptions {
  std::vector<ApiGroup> groups;  ///< In the order in which they are told.
  Seconds gpu_poll_period{1.0 / 20};
  Seconds cpu_poll_period{1.0 / 10};
  std::shared_ptr<const http::BearerGuard> guard = nullptr;  ///< Who may do what; null: anybody anything.
  CommandOverrides overrides = {};
  NodeLog log = [](std::string_view, std::string_view, const http::NamedTexts&) {};
  KeepingRules keeping = {};
  std::shared_ptr<const http::RequestMetrics> requests = nullptr;  ///< Of the server; for GET /metrics.
};

/// A machine's devices for those who may not touch them: the published node daemon's routes over one owner per device.
class NodeDaemon {
 public:
  /// The devices must outlive it.
  NodeDaemon(const std::vector<Gpu*>& gpus, const std::vector<Cpu*>& cpus, NodeDaemonOptions options);

  ~NodeDaemon() { Stop(); }
  NodeDaemon(const NodeDaemon&) = delete;
  NodeDaemon& operator=(const NodeDaemon&) = delete;

  /// For a server that has stopped before this goes away.
  [[nodiscard]] http::Router Routes();

  /// Finishes what was asked of devices. Once the server has stopped, and before it is destroyed.
  void Stop();

 private:
  [[nodiscard]] bool IsEnabled(ApiGroup group) const;
  [[nodiscard]] std::optional<http::Response> RefusalOf(const http::Request& request) const;
  [[nodiscard]] http::Response Discover();
  [[nodiscard]] http::Response WhoAmI(const http::Request& request) const;

  [[nodiscard]] std::string WhoIs(const http::Request& request) const;

  const NodeDaemonOptions options_;
  LeaseBook leases_;
  NodeGpus gpus_;
  NodeCpus cpus_;
  MetricsRoute metrics_;
};

}  // namespace zeus
