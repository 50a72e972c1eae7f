#pragma once

#include <span>

#include "services/http/metrics_text.h"
#include "zeus/device/gpu.h"

namespace zeus {

/// Reads each GPU once and writes what it tells, in base units: energy since some moment (a counter), power,
/// temperature, limits, clocks, utilisation, memory, and why it is slowed down. Labels: `gpu`, its index on this
/// machine; `uuid`; `name`. A figure that a GPU lacks or that cannot be read now has no sample; zeus_gpu_up tells
/// whether anything could be read.
///
/// Waits for the devices, one after another.
void WriteGpuMetrics(std::span<Gpu* const> gpus, http::MetricsText& metrics);

}  // namespace zeus
