#pragma once

#include "services/http/router.h"
#include "services/node_daemon/lease_book.h"
#include "services/node_daemon/node_gpus.h"
#include "services/node_daemon/who_asks.h"

namespace zeus {

/// POST /gpu/set_... and /gpu/reset_..., which change settings, and GET /gpu/get_... and /gpu/stream_power. The GPUs
/// must outlive the router's last request.
void AddGpuControlRoutes(http::Router& router, NodeGpus& gpus, LeaseBook& leases, const WhoAsks& who);
void AddGpuReadRoutes(http::Router& router, NodeGpus& gpus);

}  // namespace zeus
