#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "services/http/bearer.h"
#include "services/http/request_metrics.h"
#include "services/http/router.h"
#include "services/store/group_commit.h"

namespace zeus {

/// What the server takes from its surroundings. Called on the store's thread.
struct ServerSources {
  std::function<int64_t()> now_ms;    ///< Since 1970, UTC.
  std::function<uint64_t()> entropy;  ///< Random bits.
  std::optional<int64_t> lease_ms;    ///< Of trials: ServiceTime.
  /// What GET /metrics tells of the server's requests; null: nothing.
  std::shared_ptr<const http::RequestMetrics> requests = nullptr;
  /// Asks for tokens with the scopes of scopes.h; null: everybody may do everything.
  std::shared_ptr<const http::BearerGuard> guard = nullptr;
};

/// The routes of the batch-size server: docs/http-api.md. `commit` outlives the router, and is stopped before the
/// server that uses it ends.
http::Router BatchSizeRoutes(store::GroupCommit& commit, const ServerSources& sources);

}  // namespace zeus
