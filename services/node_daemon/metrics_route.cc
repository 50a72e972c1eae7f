#include "services/node_daemon/metrics_route.h"

#include <utility>

#include "services/device_metrics/cpu_metrics.h"
#include "services/device_metrics/gpu_metrics.h"
#include "services/http/metrics_text.h"

namespace zeus {

void MetricsRoute::AddTo(http::Router& router) {
  router.Add("GET", "/metrics", [this](const http::Request& request, http::Responder responder) {
    const http::MetricsFormat format = http::MetricsFormatFor(request.Header("accept"));
    http::MetricsText metrics(format);
    if (sources_.requests) sources_.requests->Write(metrics);
    metrics.Begin("zeus_leases", "gauge", "Leases under which settings may be changed.");
    metrics.Add({}, static_cast<double>(sources_.leases->List().size()));
    reader_.Post([this, format, metrics = std::move(metrics), responder = std::move(responder)]() mutable {
      WriteGpuMetrics(sources_.gpus, metrics);
      WriteCpuMetrics(sources_.cpus, metrics);
      responder.Send({.body = metrics.Take(), .content_type = http::ContentTypeOf(format)});
    });
  });
}

}  // namespace zeus
