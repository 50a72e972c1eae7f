#pragma once

#include "services/http/router.h"
#include "services/node_daemon/node_cpus.h"

namespace zeus {

/// GET /cpu/get_cumulative_energy, /cpu/get_power and /cpu/stream_power. The CPUs must outlive the router's last
/// request.
void AddCpuReadRoutes(http::Router& router, NodeCpus& cpus);

}  // namespace zeus
