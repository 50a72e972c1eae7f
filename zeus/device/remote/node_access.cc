#include "zeus/device/remote/node_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "zeus/device/remote/node_answers_json.h"

namespace zeus {
namespace {

// The ids of `wanted` that `entries` lack, or nothing.
template <class Entry>
std::string FindUnavailable(std::string_view device, const std::vector<node::Id>& wanted,
                            const std::vector<Entry>& entries) {
  std::vector<node::Id> available;
  for (const Entry& entry : entries) available.push_back(entry.id);
  std::vector<node::Id> missing;
  for (const node::Id id : wanted) {
    if (std::ranges::find(available, id) == available.end()) missing.push_back(id);
  }
  if (missing.empty()) return "";
  return fmt::format("{} indices [{}] not available (available: [{}])", device, fmt::join(missing, ", "),
                     fmt::join(available, ", "));
}

}  // namespace

bool NodeAccess::IsEnabled(std::string_view group) const {
  return std::ranges::find(discovery.enabled_api_groups, group) != discovery.enabled_api_groups.end();
}

bool NodeAccess::IsGranted(std::string_view scope) const {
  if (!discovery.auth_required) return true;
  return granted_scopes && std::ranges::find(*granted_scopes, scope) != granted_scopes->end();
}

Result<void> NodeAccess::Require(const NodeNeeds& needs) const {
  if (!auth_error.empty()) return Fail(ErrorCode::kPermissionDenied, auth_error);
  std::vector<std::string> lacking;
  const auto require = [&](std::string_view group) {
    if (!IsEnabled(group)) {
      lacking.push_back(fmt::format("API group '{}' is not enabled on this server", group));
    } else if (!IsGranted(group)) {
      lacking.push_back(fmt::format("Token lacks required scope '{}' (granted: [{}])", group,
                                    granted_scopes ? fmt::format("{}", fmt::join(*granted_scopes, ", ")) : ""));
    }
  };
  if (needs.read_gpu) require("gpu-read");
  if (needs.control_gpu) require("gpu-control");
  if (needs.read_cpu) require("cpu-read");
  for (std::string missing :
       {FindUnavailable("GPU", needs.gpus, discovery.gpus), FindUnavailable("CPU", needs.cpus, discovery.cpus)}) {
    if (!missing.empty()) lacking.push_back(std::move(missing));
  }
  if (lacking.empty()) return {};
  return Fail(ErrorCode::kFailedPrecondition, fmt::format("Zeusd at {}: {}", endpoint, fmt::join(lacking, "; ")));
}

Result<NodeAccess> FindNodeAccess(NodeClient& client) {
  NodeAccess access{.endpoint = client.config().Endpoint(), .discovery = {}, .granted_scopes = {}};
  ZEUS_ASSIGN_OR_RETURN(access.discovery, client.Discover());
  if (!access.discovery.auth_required) return access;
  if (client.config().token.empty()) {
    access.auth_error =
        fmt::format("Zeusd at {} requires a token, and there is none: set ZEUSD_TOKEN", access.endpoint);
    return access;
  }
  ZEUS_ASSIGN_OR_RETURN(const http::Answer answer, client.Ask("GET", "/auth/whoami"));
  if (answer.status == 401) {
    access.auth_error = fmt::format("Token rejected by Zeusd at {}: {}", access.endpoint, answer.body);
  } else if (answer.status != 200) {
    access.auth_error =
        fmt::format("Zeusd at {} returned HTTP {} on /auth/whoami: {}", access.endpoint, answer.status, answer.body);
  } else {
    ZEUS_ASSIGN_OR_RETURN(node::Identity identity, node::ParseIdentity(answer.body, access.endpoint));
    access.granted_scopes = std::move(identity.scopes);
  }
  return access;
}

}  // namespace zeus
