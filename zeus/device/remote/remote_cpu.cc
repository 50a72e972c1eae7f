#include "zeus/device/remote/remote_cpu.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

namespace zeus {
namespace {

constexpr double kMicro = 1e6;

CpuInfo InfoOf(const node::CpuEntry& entry) {
  return {.index = static_cast<int>(entry.id),
          .name = fmt::format("package-{}", entry.id),
          .why_no_dram = entry.dram_available ? "" : "zeusd has none of this processor"};
}

EnergyCounter::Reading Advance(EnergyCounter& counter, Joules energy) {
  return counter.Advance(static_cast<uint64_t>(std::llround(energy.value() * kMicro)));
}

Joules EnergyOf(const EnergyCounter::Reading& reading) {
  return Joules(static_cast<double>(reading.total) / kMicro);
}

}  // namespace

RemoteCpu::RemoteCpu(std::shared_ptr<NodeClient> client, const node::CpuEntry& entry, const Clock& clock)
    : Cpu(InfoOf(entry)), client_(std::move(client)), id_(entry.id), clock_(clock) {}

Result<CpuEnergySample> RemoteCpu::ReadEnergy() {
  const std::scoped_lock lock(mutex_);
  ZEUS_ASSIGN_OR_RETURN(const auto energies, client_->ReadCpuEnergy(std::array{id_}));
  const auto found = energies.find(id_);
  if (found == energies.end() || !found->second.package) {
    return Fail(ErrorCode::kUnavailable, fmt::format("CPU {}: cpu_energy_uj is null in zeusd's answer", id_));
  }
  const node::CpuEnergy& energy = found->second;
  if (has_dram() && !energy.dram) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("CPU {}: DRAM energy should be available but no measurement was found", id_));
  }
  const EnergyCounter::Reading package = Advance(package_, *energy.package);
  CpuEnergySample sample{.package = EnergyOf(package), .dram = {}, .time = clock_.Now(), .package_step = package.step};
  if (has_dram()) sample.dram = EnergyOf(Advance(dram_, *energy.dram));
  return sample;
}

}  // namespace zeus
