#pragma once

#include "services/http/router.h"
#include "services/node_daemon/lease_book.h"
#include "services/node_daemon/node_gpus.h"
#include "services/node_daemon/who_asks.h"

namespace zeus {

/// 409: what a request with a lease that is not live is answered.
http::Response NoSuchLease();

/// POST /leases, POST /leases/renew, DELETE /leases and GET /leases. What is handed in must outlive the router.
void AddLeaseRoutes(http::Router& router, LeaseBook& leases, NodeGpus& gpus, const WhoAsks& who);

}  // namespace zeus
