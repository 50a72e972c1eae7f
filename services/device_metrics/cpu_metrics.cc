#include "services/device_metrics/cpu_metrics.h"

#include <string>
#include <vector>

namespace zeus {
namespace {

struct Figures {
  http::MetricsText::Labels labels;
  Result<CpuEnergySample> energy;
};

}  // namespace

void WriteCpuMetrics(std::span<Cpu* const> cpus, http::MetricsText& metrics) {
  std::vector<Figures> all;
  for (Cpu* const cpu : cpus) {
    all.push_back({{{"cpu", std::to_string(cpu->info().index)}, {"name", cpu->info().name}}, cpu->ReadEnergy()});
  }
  metrics.Begin("zeus_cpu_up", "gauge", "Whether the processor's energy could be read.");
  for (const Figures& cpu : all) metrics.Add(cpu.labels, cpu.energy ? 1 : 0);
  metrics.Begin("zeus_cpu_energy_joules_total", "counter",
                "Energy of the processor package since some moment before the program began.");
  for (const Figures& cpu : all) {
    if (cpu.energy) metrics.Add(cpu.labels, cpu.energy->package.value());
  }
  metrics.Begin("zeus_dram_energy_joules_total", "counter", "Energy of the memory that belongs to the processor.");
  for (const Figures& cpu : all) {
    if (cpu.energy && cpu.energy->dram) metrics.Add(cpu.labels, cpu.energy->dram->value());
  }
}

}  // namespace zeus
