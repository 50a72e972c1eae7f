#include "zeus/monitor/measurement.h"

#include <utility>

namespace zeus {

Joules Measurement::TotalEnergy() const {
  Joules total;
  for (const Result<EnergyFigure>& gpu : gpus) {
    if (gpu) total += gpu->energy;
  }
  return total;
}

Joules Measurement::CpuEnergy() const {
  Joules total;
  for (const CpuFigures& cpu : cpus) {
    if (cpu.package) total += cpu.package->energy;
  }
  return total;
}

Joules Measurement::DramEnergy() const {
  Joules total;
  for (const CpuFigures& cpu : cpus) {
    if (cpu.dram && *cpu.dram) total += (*cpu.dram)->energy;
  }
  return total;
}

std::vector<std::string> Measurement::Missing() const {
  std::vector<std::string> missing;
  for (const Result<EnergyFigure>& gpu : gpus) {
    if (!gpu) missing.push_back(gpu.error().message);
  }
  for (const CpuFigures& cpu : cpus) {
    if (!cpu.package) missing.push_back(cpu.package.error().message);
    // One file that cannot be read fails both; it is said once.
    if (cpu.dram && !*cpu.dram && (cpu.package || cpu.package.error().message != cpu.dram->error().message)) {
      missing.push_back(cpu.dram->error().message);
    }
  }
  return missing;
}

WindowRow ToWindowRow(std::string name, const Measurement& measurement) {
  const auto energy = [](const Result<EnergyFigure>& figure) -> std::optional<Joules> {
    if (!figure) return std::nullopt;
    return figure->energy;
  };
  WindowRow row{.name = std::move(name), .elapsed = measurement.duration};
  row.start_time = Seconds(std::chrono::duration<double>(measurement.start.time_since_epoch()).count());
  for (const Result<EnergyFigure>& gpu : measurement.gpus) {
    row.gpu_energy.push_back(energy(gpu));
    row.gpu_provenance.push_back(gpu ? gpu->provenance : EnergyProvenance::kEstimated);
  }
  for (const CpuFigures& cpu : measurement.cpus) {
    row.cpu_energy.push_back(energy(cpu.package));
    if (cpu.dram) row.dram_energy.push_back(energy(*cpu.dram));
  }
  return row;
}

}  // namespace zeus
