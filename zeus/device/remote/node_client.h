#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/device/remote/node_config.h"
#include "zeus/device/remote/node_messages.h"
#include "zeus/http_client/answer.h"

namespace zeus {

/// Speaks with a node daemon, ours or the published one. Thread-safe: calls do not wait for each other. A child made by
/// fork(2) uses connections of its own.
///
/// Errors name the daemon and say what it said. kUnavailable: it cannot be reached, or a device failed;
/// kPermissionDenied: 401 or 403; kInvalidArgument: 400; kFailedPrecondition: what it does not serve, or a lease that
/// has ended; kInvalidData: an answer that is none.
class NodeClient {
 public:
  /// Connects at the first call. `timeout` bounds each of connecting, sending and receiving.
  explicit NodeClient(NodeConfig config, std::chrono::milliseconds timeout = std::chrono::seconds(5));
  ~NodeClient();
  NodeClient(const NodeClient&) = delete;
  NodeClient& operator=(const NodeClient&) = delete;

  [[nodiscard]] const NodeConfig& config() const { return config_; }

  /// What is there. kFailedPrecondition, with what to do, for a daemon that is too old to tell.
  Result<node::Discovery> Discover();
  Result<node::Identity> WhoAmI();
  /// Milliseconds since 1970, UTC, by the daemon's clock.
  Result<int64_t> Time();

  /// Of these GPUs or CPUs; none: of all.
  Result<node::GpuPower> ReadGpuPower(std::span<const node::Id> gpus = {});
  Result<std::map<node::Id, Joules>> ReadGpuEnergy(std::span<const node::Id> gpus = {});
  Result<std::map<node::Id, Watts>> ReadPowerLimit(std::span<const node::Id> gpus = {});
  Result<std::map<node::Id, node::PowerLimits>> ReadPowerLimits(std::span<const node::Id> gpus = {});
  Result<std::map<node::Id, PersistenceMode>> ReadPersistenceMode(std::span<const node::Id> gpus = {});
  Result<std::map<node::Id, node::CpuEnergy>> ReadCpuEnergy(std::span<const node::Id> cpus = {});
  Result<node::CpuPowers> ReadCpuPower(std::span<const node::Id> cpus = {});

  /// Precondition: `gpus` is not empty. With the id of a lease, what was there before comes back when that ends.
  Result<void> Change(std::span<const node::Id> gpus, const node::Change& change,
                      node::Wait wait = node::Wait::kUntilMade, const std::optional<std::string>& lease = {});

  /// Whatever it answers; errors are those of the connection alone. Sent again when a connection that was kept turns
  /// out to be closed, so that `target` must be something that may happen twice.
  Result<http::Answer> Ask(std::string_view method, std::string_view target, const http::NamedTexts& headers = {});

  /// The error that an answer with another status than 200 is.
  [[nodiscard]] std::unexpected<Error> Refusal(std::string_view operation, const http::Answer& answer) const;

 private:
  class Pool;

  Pool& PoolOfThisProcess();
  // The body of a 200.
  Result<std::string> Get(std::string_view operation, const std::string& target);

  // Constant after construction.
  const NodeConfig config_;
  const std::chrono::milliseconds timeout_;
  // Synchronised by itself: connections that nobody uses now.
  std::atomic<Pool*> pool_;
};

/// "set_power_limit", "reset_gpu_locked_clocks": the route of a change, and its name.
std::string_view NameOf(const node::Change& change);

/// What to POST for it. Precondition: `gpus` is not empty.
std::string TargetOf(std::span<const node::Id> gpus, const node::Change& change, node::Wait wait);

}  // namespace zeus
