#include "apps/zeus/env_facts.h"

#include <algorithm>
#include <utility>

namespace zeus {
namespace {

// Reads what the GPU says it has; a failure then is news.
template <class Value>
std::optional<Value> Keep(Result<Value> result, GpuFacts& facts) {
  if (result) return *std::move(result);
  // What the card lacks is told with its capabilities.
  if (result.error().code != ErrorCode::kFailedPrecondition) facts.failures.push_back(result.error().message);
  return std::nullopt;
}

GpuFacts ReadFacts(Gpu& gpu) {
  GpuFacts facts;
  facts.gpu = &gpu;
  const GpuCapabilities& can = gpu.capabilities();
  if (can.Has(Capability::kInstantPower)) {
    if (const auto sample = Keep(gpu.ReadPower(PowerSensor::kInstant), facts)) facts.power = sample->power;
  } else if (can.Has(Capability::kAveragePower)) {
    if (const auto sample = Keep(gpu.ReadPower(PowerSensor::kAverage), facts)) facts.power = sample->power;
  }
  if (can.Has(Capability::kEnergyCounter)) {
    if (const auto sample = Keep(gpu.ReadEnergy(), facts)) facts.energy = sample->energy;
  }
  if (can.Has(Capability::kTemperature)) facts.temperature = Keep(gpu.ReadTemperature(), facts);
  if (can.Has(Capability::kPowerLimit)) {
    facts.power_limit = Keep(gpu.settings().ReadPowerLimit(), facts);
    facts.power_limit_range = Keep(gpu.settings().ReadPowerLimitRange(), facts);
  }
  if (can.Has(Capability::kPersistenceMode)) {
    facts.persistence_mode = Keep(gpu.settings().ReadPersistenceMode(), facts);
  }
  facts.graphics_clocks = Keep(gpu.settings().ReadSupportedClocks(ClockDomain::kGraphics), facts);
  facts.memory_clocks = Keep(gpu.settings().ReadSupportedClocks(ClockDomain::kMemory), facts);
  if (auto status = Keep(gpu.ReadStatus(), facts)) facts.status = *std::move(status);
  if (can.Has(Capability::kProcesses)) {
    if (const auto processes = Keep(gpu.ReadProcesses(), facts)) facts.processes = processes->size();
  }
  return facts;
}

}  // namespace

std::vector<GpuFacts> ReadGpuFacts(const DeviceInventory& inventory) {
  const Result<std::vector<Gpu*>> visible = inventory.VisibleGpus();
  std::vector<GpuFacts> all;
  for (Gpu* const gpu : inventory.AllGpus()) {
    GpuFacts facts = ReadFacts(*gpu);
    if (visible) {
      const auto found = std::ranges::find(*visible, gpu);
      if (found != visible->end()) facts.visible_index = static_cast<int>(found - visible->begin());
    }
    all.push_back(std::move(facts));
  }
  return all;
}

std::vector<CpuFacts> ReadCpuFacts(const DeviceInventory& inventory) {
  std::vector<CpuFacts> all;
  for (Cpu* const cpu : inventory.Cpus()) {
    CpuFacts facts{.cpu = cpu, .energy = std::nullopt, .failure = ""};
    if (const Result<CpuEnergySample> sample = cpu->ReadEnergy()) {
      facts.energy = *sample;
    } else {
      facts.failure = sample.error().message;
    }
    all.push_back(std::move(facts));
  }
  return all;
}

bool ChangesThroughNode(const DeviceInventory& inventory) {
  return inventory.node() && inventory.node()->why_no_gpus.empty();
}

std::string WhyMayNot(Capability capability, const Result<Privileges>& privileges, const DeviceInventory& inventory) {
  if (capability < Capability::kSetPowerLimit || ChangesThroughNode(inventory)) return "";
  if (!privileges) return privileges.error().message;
  return privileges->MaySet() ? "" : "this process is neither root nor has CAP_SYS_ADMIN";
}

}  // namespace zeus
