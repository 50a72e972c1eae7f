#include "zeus/device/remote/node_read_gpu.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

namespace zeus {
namespace {

constexpr const char* kNotTold = "zeusd does not tell it, and no library of this machine's does";
constexpr double kMilli = 1e3;

GpuVendor VendorOf(const std::string& name) {
  const bool is_amd = name.find("AMD") != std::string::npos || name.find("Instinct") != std::string::npos ||
                      name.find("Radeon") != std::string::npos;
  return is_amd ? GpuVendor::kAmd : GpuVendor::kNvidia;
}

GpuInfo InfoOf(const node::GpuEntry& entry) {
  std::string uuid = "PCI-" + entry.pci_address;
  for (char& character : uuid) {
    if (character == ':' || character == '.') character = '-';
  }
  return {.vendor = VendorOf(entry.name),
          .name = entry.name,
          .uuid = std::move(uuid),
          .pci_address = entry.pci_address,
          .index = static_cast<int>(entry.id),
          .notes = {"it is read through zeusd: no library of this machine's knows it"}};
}

GpuCapabilities CapabilitiesOf(const node::GpuEntry& entry) {
  GpuCapabilities capabilities;
  for (const Capability capability :
       {Capability::kAveragePower, Capability::kMemoryPower, Capability::kTemperature, Capability::kClocks,
        Capability::kUtilization, Capability::kMemoryUse, Capability::kThrottleReasons, Capability::kProcesses}) {
    capabilities.Remove(capability, kNotTold);
  }
  if (!entry.cumulative_energy_available) {
    capabilities.Remove(Capability::kEnergyCounter, "zeusd says that it counts no energy");
  }
  return capabilities;
}

// The value of the one that was asked for.
template <class Value>
Result<Value> Only(Result<std::map<node::Id, Value>> values, node::Id id) {
  if (!values) return std::unexpected(std::move(values).error());
  const auto found = values->find(id);
  if (found == values->end()) {
    return Fail(ErrorCode::kInvalidData, fmt::format("zeusd: GPU {}: the answer is not about it", id));
  }
  return found->second;
}

}  // namespace

NodeReadGpu::NodeReadGpu(std::shared_ptr<NodeClient> client, const node::GpuEntry& entry, const Clock& clock)
    : Gpu(InfoOf(entry), CapabilitiesOf(entry)), client_(std::move(client)), id_(entry.id), clock_(clock) {}

Result<PowerSample> NodeReadGpu::ReadPower(PowerSensor sensor) {
  if (sensor != PowerSensor::kInstant) return Fail(ErrorCode::kFailedPrecondition, kNotTold);
  ZEUS_ASSIGN_OR_RETURN(node::GpuPower snapshot, client_->ReadGpuPower(std::array{id_}));
  ZEUS_ASSIGN_OR_RETURN(const Watts power, Only<Watts>(std::move(snapshot.power), id_));
  return PowerSample{.power = power, .time = clock_.Now()};
}

Result<EnergySample> NodeReadGpu::ReadEnergy() {
  if (!capabilities().Has(Capability::kEnergyCounter)) {
    return Fail(ErrorCode::kFailedPrecondition, capabilities().WhyNot(Capability::kEnergyCounter));
  }
  const std::scoped_lock lock(mutex_);
  ZEUS_ASSIGN_OR_RETURN(const Joules energy, Only<Joules>(client_->ReadGpuEnergy(std::array{id_}), id_));
  const EnergyCounter::Reading reading = counter_.Advance(static_cast<uint64_t>(std::llround(energy.value() * kMilli)));
  return EnergySample{
      .energy = Joules(static_cast<double>(reading.total) / kMilli), .time = clock_.Now(), .step = reading.step};
}

Result<Celsius> NodeReadGpu::ReadTemperature() {
  return Fail(ErrorCode::kFailedPrecondition, kNotTold);
}

Result<GpuStatus> NodeReadGpu::ReadStatus() {
  return GpuStatus{};
}

Result<std::vector<GpuProcess>> NodeReadGpu::ReadProcesses() {
  return Fail(ErrorCode::kFailedPrecondition, kNotTold);
}

Result<PowerLimitRange> NodeReadGpu::ReadPowerLimitRange() {
  ZEUS_ASSIGN_OR_RETURN(const node::PowerLimits limits,
                        Only<node::PowerLimits>(client_->ReadPowerLimits(std::array{id_}), id_));
  ZEUS_ASSIGN_OR_RETURN(const Watts now, ReadPowerLimit());
  const std::scoped_lock lock(mutex_);
  return PowerLimitRange{
      .minimum = limits.minimum, .maximum = limits.maximum, .factory_default = first_limit_.value_or(now)};
}

Result<Watts> NodeReadGpu::ReadPowerLimit() {
  ZEUS_ASSIGN_OR_RETURN(const Watts limit, Only<Watts>(client_->ReadPowerLimit(std::array{id_}), id_));
  const std::scoped_lock lock(mutex_);
  if (!first_limit_) first_limit_ = limit;
  return limit;
}

Result<PersistenceMode> NodeReadGpu::ReadPersistenceMode() {
  return Only<PersistenceMode>(client_->ReadPersistenceMode(std::array{id_}), id_);
}

Result<std::vector<Megahertz>> NodeReadGpu::ReadSupportedClocks(ClockDomain, std::optional<Megahertz>) {
  return Fail(ErrorCode::kFailedPrecondition, kNotTold);
}

Result<void> NodeReadGpu::SetPowerLimit(Watts) {
  return Fail(ErrorCode::kFailedPrecondition, "it is only read here");
}

Result<void> NodeReadGpu::SetPersistenceMode(PersistenceMode) {
  return Fail(ErrorCode::kFailedPrecondition, "it is only read here");
}

Result<void> NodeReadGpu::LockClocks(ClockDomain, ClockRange) {
  return Fail(ErrorCode::kFailedPrecondition, "it is only read here");
}

Result<void> NodeReadGpu::ResetClocks(std::optional<ClockDomain>) {
  return Fail(ErrorCode::kFailedPrecondition, "it is only read here");
}

}  // namespace zeus
