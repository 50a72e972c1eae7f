#pragma once

#include <span>

#include "services/http/metrics_text.h"
#include "zeus/device/cpu.h"

namespace zeus {

/// Reads each processor package once and writes its energy and that of its memory since some moment, as counters whose
/// rate is power. Labels: `cpu`, the package's number, and `name`. What cannot be read now has no sample; zeus_cpu_up
/// tells.
void WriteCpuMetrics(std::span<Cpu* const> cpus, http::MetricsText& metrics);

}  // namespace zeus
