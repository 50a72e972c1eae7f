#pragma once

#include "services/http/metrics_text.h"
#include "services/store/store.h"

namespace zeus {

/// Jobs by stage, trials by outcome, and what the jobs save against their defaults: docs/http-api.md.
Result<void> WriteJobMetrics(store::Store& store, http::MetricsText& metrics);

}  // namespace zeus
