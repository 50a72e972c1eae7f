#include "zeus/device/amdsmi/probe_amd_gpu.h"

#include <fmt/format.h>

#include <string>

namespace zeus::amdsmi {
namespace {

/// Why a reading cannot be had at all; empty where it can, or where it only failed this time.
template <class T>
std::string WhyNever(const Result<T>& reading) {
  if (reading || reading.error().code != ErrorCode::kFailedPrecondition) return {};
  return reading.error().message;
}

void ProbePower(const AmdDevice& device, GpuCapabilities& capabilities) {
  const Result<AmdDevice::Power> power = device.ReadPower();
  std::string why_no_instant = WhyNever(power);
  std::string why_no_average = why_no_instant;
  if (power && !power->instant) {
    why_no_instant = power->average ? "this GPU reports average power only" : "this GPU reports no power";
  }
  if (power && !power->average) {
    why_no_average = power->instant ? "this GPU reports instant power only" : "this GPU reports no power";
  }
  capabilities.Remove(Capability::kInstantPower, why_no_instant);
  capabilities.Remove(Capability::kAveragePower, why_no_average);
  capabilities.Remove(Capability::kMemoryPower, "AMD SMI reports the power of the whole socket only");
}

void ProbePowerLimit(const AmdDevice& device, GpuCapabilities& capabilities) {
  const std::string why_not = WhyNever(device.ReadPowerCap());
  capabilities.Remove(Capability::kPowerLimit, why_not);
  capabilities.Remove(Capability::kSetPowerLimit, why_not);
}

void ProbeClocks(const AmdDevice& device, GpuCapabilities& capabilities) {
  const Functions& functions = device.library().functions();
  std::string why_no_lock;
  if (!functions.set_clk_limit.present() && !functions.set_clk_range.present()) {
    why_no_lock = fmt::format("{}, nor {}", device.library().WhyMissing(functions.set_clk_limit.name),
                              functions.set_clk_range.name);
  } else if (!functions.set_perf_level.present()) {
    why_no_lock = device.library().WhyMissing(functions.set_perf_level.name) + ", without which no lock can be undone";
  }
  const std::string why_no_graphics = WhyNever(device.ReadClocks(ClockDomain::kGraphics));
  const std::string why_no_memory = WhyNever(device.ReadClocks(ClockDomain::kMemory));
  if (!why_no_graphics.empty() && !why_no_memory.empty()) capabilities.Remove(Capability::kClocks, why_no_graphics);
  capabilities.Remove(Capability::kLockGraphicsClock, why_no_lock.empty() ? why_no_graphics : why_no_lock);
  capabilities.Remove(Capability::kLockMemoryClock, why_no_lock.empty() ? why_no_memory : why_no_lock);
}

void ProbeUse(const AmdDevice& device, GpuCapabilities& capabilities) {
  const Result<AmdDevice::Activity> activity = device.ReadActivity();
  std::string why_no_utilization = WhyNever(activity);
  if (activity && !activity->gpu && !activity->memory) why_no_utilization = "this GPU reports no activity";
  capabilities.Remove(Capability::kUtilization, why_no_utilization);
  const std::string why_no_used = WhyNever(device.ReadMemoryUsed());
  const std::string why_no_total = WhyNever(device.ReadMemoryTotal());
  if (!why_no_used.empty() && !why_no_total.empty()) capabilities.Remove(Capability::kMemoryUse, why_no_used);
  capabilities.Remove(Capability::kProcesses, WhyNever(device.ReadProcesses()));
}

}  // namespace

GpuCapabilities ProbeCapabilities(const AmdDevice& device) {
  GpuCapabilities capabilities;
  ProbePower(device, capabilities);
  capabilities.Remove(Capability::kEnergyCounter, WhyNever(device.ReadEnergyCount()));
  capabilities.Remove(Capability::kTemperature, WhyNever(device.ReadTemperature()));
  ProbePowerLimit(device, capabilities);
  ProbeClocks(device, capabilities);
  ProbeUse(device, capabilities);
  capabilities.Remove(Capability::kThrottleReasons,
                      "AMD SMI tells throttling in no form that its versions 24 to 26 have in common");
  for (const Capability capability : {Capability::kPersistenceMode, Capability::kSetPersistenceMode}) {
    capabilities.Remove(capability, "persistence mode is a setting of NVIDIA's driver; AMD GPUs have none");
  }
  return capabilities;
}

}  // namespace zeus::amdsmi
