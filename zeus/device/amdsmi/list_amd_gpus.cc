#include "zeus/device/amdsmi/list_amd_gpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "zeus/device/amdsmi/amd_gpu.h"
#include "zeus/device/amdsmi/energy_validation.h"
#include "zeus/device/amdsmi/hip_order.h"
#include "zeus/device/amdsmi/probe_amd_gpu.h"

namespace zeus {
namespace {

/// A GPU in the making.
struct Found {
  AmdDevice device;
  GpuInfo info;
  GpuCapabilities capabilities;
  Watts power;
  std::optional<AmdDevice::EnergyCount> energy_at_start;
};

// Letters, digits and dashes alone, as in real ones: it becomes the name of a file.
std::string UuidOfPlace(std::string address) {
  std::ranges::replace_if(address, [](char c) { return c == ':' || c == '.'; }, '-');
  return "AMD-" + address;
}

Found Identify(const AmdSmiLibrary& library, const amdsmi::HipDevice& hip) {
  const std::string address = PciAddressText(hip.bdf);
  AmdDevice device(library, hip.handle, fmt::format("AMD GPU {} ({})", hip.index, address));
  GpuInfo info{.vendor = GpuVendor::kAmd,
               .name = device.ReadName().value_or("AMD GPU"),
               .uuid = device.ReadUuid().value_or(std::string()),
               .pci_address = address,
               .index = hip.index};
  if (info.name.empty()) info.name = "AMD GPU";
  // Journals and logs need some name, and within one machine the place is unique, too.
  if (info.uuid.empty()) info.uuid = UuidOfPlace(address);
  GpuCapabilities capabilities = amdsmi::ProbeCapabilities(device);
  return {std::move(device), std::move(info), std::move(capabilities), Watts(0), std::nullopt};
}

void StartValidation(Found& found) {
  if (const Result<AmdDevice::Power> power = found.device.ReadPower()) {
    found.power = power->average.value_or(power->instant.value_or(Watts(0)));
  }
  if (const Result<AmdDevice::EnergyCount> count = found.device.ReadEnergyCount()) found.energy_at_start = *count;
}

void FinishValidation(Found& found, const AmdGpuOptions& options) {
  amdsmi::EnergyEvidence evidence{.index = found.info.index, .name = found.info.name, .power = found.power};
  const Result<AmdDevice::EnergyCount> count = found.device.ReadEnergyCount();
  if (count && found.energy_at_start) {
    evidence.counted =
        (static_cast<double>(count->counts) - static_cast<double>(found.energy_at_start->counts)) * count->per_count;
  }
  amdsmi::EnergyVerdict verdict = amdsmi::JudgeEnergyCounter(evidence);
  if (!count) verdict.why_no_energy = "the energy counter could not be checked: " + count.error().message;
  if (!verdict.why_no_energy.empty() && found.capabilities.Has(Capability::kEnergyCounter)) {
    found.capabilities.Remove(Capability::kEnergyCounter, verdict.why_no_energy);
  }
  if (!verdict.why_no_power.empty()) {
    found.capabilities.Remove(Capability::kInstantPower, verdict.why_no_power);
    found.capabilities.Remove(Capability::kAveragePower, verdict.why_no_power);
    found.capabilities.Remove(Capability::kEnergyCounter, verdict.why_no_energy);
  }
  if (!verdict.note.empty() && options.on_note) options.on_note(verdict.note);
}

}  // namespace

Result<std::vector<std::unique_ptr<Gpu>>> ListAmdGpus(const AmdSmiLibrary& library, const AmdGpuOptions& options) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<amdsmi::HipDevice> devices, amdsmi::ListHipDevices(library));
  std::vector<Found> all;
  for (const amdsmi::HipDevice& device : devices) all.push_back(Identify(library, device));
  for (Found& each : all) StartValidation(each);
  if (!all.empty()) {
    const std::chrono::milliseconds pause(static_cast<int64_t>(amdsmi::kValidationTime.value() * 1000));
    options.sleep ? options.sleep(pause) : std::this_thread::sleep_for(pause);
  }
  for (Found& each : all) FinishValidation(each, options);
  std::vector<std::unique_ptr<Gpu>> gpus;
  for (Found& each : all) {
    gpus.push_back(std::make_unique<AmdGpu>(std::move(each.device), std::move(each.info), std::move(each.capabilities),
                                            options.clock));
  }
  return gpus;
}

}  // namespace zeus
