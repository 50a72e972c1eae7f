#pragma once

#include <optional>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/device/remote/node_client.h"
#include "zeus/device/remote/node_messages.h"

namespace zeus {

/// What somebody wants of a daemon.
struct NodeNeeds {
  bool read_gpu = false;
  bool control_gpu = false;
  bool read_cpu = false;
  std::vector<node::Id> gpus = {};  ///< Those that it must have.
  std::vector<node::Id> cpus = {};
};

/// What a daemon has, and how much of it whoever asks may use.
struct NodeAccess {
  std::string endpoint;
  node::Discovery discovery;
  /// The token's scopes; absent where nobody is asked for one.
  std::optional<std::vector<std::string>> granted_scopes;
  /// Why the daemon does not know us, though it wants to; empty where it does.
  std::string auth_error = {};

  [[nodiscard]] bool can_read_gpu() const { return Can("gpu-read"); }
  [[nodiscard]] bool can_control_gpu() const { return Can("gpu-control"); }
  [[nodiscard]] bool can_read_cpu() const { return Can("cpu-read"); }

  /// kPermissionDenied without a token that it takes; kFailedPrecondition with everything that is lacking.
  [[nodiscard]] Result<void> Require(const NodeNeeds& needs) const;

 private:
  [[nodiscard]] bool IsEnabled(std::string_view group) const;
  [[nodiscard]] bool IsGranted(std::string_view scope) const;
  [[nodiscard]] bool Can(std::string_view group) const { return IsEnabled(group) && IsGranted(group); }
};

/// Asks the daemon. A token that it refuses, or that it misses, is no error here: see auth_error.
Result<NodeAccess> FindNodeAccess(NodeClient& client);

}  // namespace zeus
