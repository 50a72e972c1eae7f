#include "zeus/device/amdsmi/amd_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace zeus {
namespace {

std::optional<Watts> ToWatts(uint32_t watts) {
  if (amdsmi::IsAbsent(watts)) return std::nullopt;
  return Watts(watts);
}

std::optional<double> ToShare(uint32_t percent) {
  if (percent > 100) return std::nullopt;
  return percent / 100.0;
}

uint32_t ClockType(ClockDomain domain) {
  return domain == ClockDomain::kGraphics ? amdsmi::kClockGraphics : amdsmi::kClockMemory;
}

/// Text that fills a field to its end has no terminator.
template <size_t kSize>
std::string FieldText(const char (&field)[kSize]) {
  return std::string(field, ::strnlen(field, kSize));
}

}  // namespace

Result<std::string> AmdDevice::ReadName() const {
  amdsmi::AsicInfo info = {};
  ZEUS_RETURN_IF_ERROR(library_.Call(label_, functions().get_asic_info, handle_, &info));
  return FieldText(info.market_name);
}

Result<std::string> AmdDevice::ReadUuid() const {
  char uuid[amdsmi::kUuidBytes] = {};
  uint32_t size = sizeof(uuid);
  ZEUS_RETURN_IF_ERROR(library_.Call(label_, functions().get_uuid, handle_, &size, uuid));
  return FieldText(uuid);
}

Result<AmdDevice::Power> AmdDevice::ReadPower() const {
  switch (library_.abi()) {
    case amdsmi::Abi::k24:
      return ReadPowerAs<amdsmi::PowerInfo24>();
    case amdsmi::Abi::k25:
      return ReadPowerAs<amdsmi::PowerInfo25>();
    case amdsmi::Abi::k26:
      return ReadPowerAs<amdsmi::PowerInfo26>();
  }
  return Power{};
}

template <class PowerInfo>
Result<AmdDevice::Power> AmdDevice::ReadPowerAs() const {
  PowerInfo info = {};
  ZEUS_RETURN_IF_ERROR(library_.Call(label_, functions().get_power_info, handle_, &info));
  return Power{ToWatts(info.current_socket_power), ToWatts(info.average_socket_power)};
}

Result<AmdDevice::EnergyCount> AmdDevice::ReadEnergyCount() const {
  const auto& function = functions().get_energy_count;
  uint64_t counts = 0;
  uint64_t nanoseconds = 0;
  float microjoules = 0;
  ZEUS_RETURN_IF_ERROR(library_.Call(label_, function, handle_, &counts, &microjoules, &nanoseconds));
  if (!std::isfinite(microjoules) || microjoules <= 0) {
    return Fail(ErrorCode::kUnavailable, fmt::format("{}: {}: expected a counter resolution above 0 uJ, found {}",
                                                     function.name, label_, microjoules));
  }
  return EnergyCount{counts, Joules(double{microjoules} * 1e-6)};
}

Result<Celsius> AmdDevice::ReadTemperature() const {
  int64_t degrees = 0;
  ZEUS_RETURN_IF_ERROR(library_.Call(label_, functions().get_temp_metric, handle_, amdsmi::kTemperatureHotspot,
                                     amdsmi::kTemperatureCurrent, &degrees));
  return Celsius(static_cast<double>(degrees));
}

Result<AmdDevice::Clocks> AmdDevice::ReadClocks(ClockDomain domain) const {
  const auto& function = functions().get_clock_info;
  amdsmi::ClockInfo info = {};
  ZEUS_RETURN_IF_ERROR(library_.Call(label_, function, handle_, ClockType(domain), &info));
  if (amdsmi::IsAbsent(info.min_clk) || amdsmi::IsAbsent(info.max_clk) || info.max_clk == 0) {
    return Fail(ErrorCode::kFailedPrecondition, fmt::format("{}: {}: gives no range of clocks", function.name, label_));
  }
  Clocks clocks{std::nullopt, Megahertz(info.min_clk), Megahertz(info.max_clk)};
  if (!amdsmi::IsAbsent(info.clk)) clocks.now = Megahertz(info.clk);
  return clocks;
}

Result<AmdDevice::Activity> AmdDevice::ReadActivity() const {
  amdsmi::EngineUsage usage = {};
  ZEUS_RETURN_IF_ERROR(library_.Call(label_, functions().get_activity, handle_, &usage));
  return Activity{ToShare(usage.gfx_activity), ToShare(usage.umc_activity)};
}

Result<uint64_t> AmdDevice::ReadMemoryUsed() const {
  uint64_t bytes = 0;
  ZEUS_RETURN_IF_ERROR(library_.Call(label_, functions().get_memory_usage, handle_, amdsmi::kMemoryVram, &bytes));
  return bytes;
}

Result<uint64_t> AmdDevice::ReadMemoryTotal() const {
  uint64_t bytes = 0;
  ZEUS_RETURN_IF_ERROR(library_.Call(label_, functions().get_memory_total, handle_, amdsmi::kMemoryVram, &bytes));
  return bytes;
}

Result<std::vector<GpuProcess>> AmdDevice::ReadProcesses() const {
  if (library_.abi() == amdsmi::Abi::k24) return ReadProcessesAs<amdsmi::ProcessInfo24>();
  return ReadProcessesAs<amdsmi::ProcessInfo25>();
}

template <class ProcessInfo>
Result<std::vector<GpuProcess>> AmdDevice::ReadProcessesAs() const {
  const auto& function = functions().get_process_list;
  if (!function.present()) return std::unexpected(library_.Call(label_, function, handle_, nullptr, nullptr).error());
  // More may have started between two calls; the library then says how many, and fills what there is room for.
  uint32_t count = 16;
  for (int attempt = 0; attempt < 4; ++attempt) {
    std::vector<ProcessInfo> list(count);
    const amdsmi::Status status = library_.RawCall(function, handle_, &count, static_cast<void*>(list.data()));
    if (status == amdsmi::kOutOfResources && count > list.size()) {
      count += 16;
      continue;
    }
    if (status != amdsmi::kSuccess) {
      return std::unexpected(amdsmi::StatusError(function.name, label_, status, library_.abi()));
    }
    list.resize(std::min<size_t>(count, list.size()));
    std::vector<GpuProcess> processes;
    for (const ProcessInfo& each : list) {
      processes.push_back({.pid = each.pid, .kind = GpuProcess::Kind::kCompute, .memory_used = each.vram_mem});
    }
    return processes;
  }
  return Fail(ErrorCode::kUnavailable, fmt::format("{}: {}: the list grew with every call", function.name, label_));
}

Result<amdsmi::PowerCapInfo> AmdDevice::ReadPowerCap() const {
  const auto& function = functions().get_power_cap_info;
  amdsmi::PowerCapInfo info = {};
  ZEUS_RETURN_IF_ERROR(library_.Call(label_, function, handle_, uint32_t{0}, &info));
  // The library succeeds where it could read any one of them, and leaves the others at 0.
  if (info.power_cap == 0 || info.max_power_cap == 0 || info.default_power_cap == 0) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: {}: expected a power cap, its maximum and its default, found {}, {} and {} uW",
                            function.name, label_, info.power_cap, info.max_power_cap, info.default_power_cap));
  }
  return info;
}

Result<void> AmdDevice::SetPowerCap(uint64_t microwatts) const {
  return library_.Call(label_, functions().set_power_cap, handle_, uint32_t{0}, microwatts);
}

Result<void> AmdDevice::SetClockLimit(ClockDomain domain, uint32_t limit, uint64_t megahertz) const {
  return library_.Call(label_, functions().set_clk_limit, handle_, ClockType(domain), limit, megahertz);
}

Result<void> AmdDevice::SetClockRange(ClockDomain domain, uint64_t minimum, uint64_t maximum) const {
  return library_.Call(label_, functions().set_clk_range, handle_, minimum, maximum, ClockType(domain));
}

Result<void> AmdDevice::ResetAllClocks() const {
  return library_.Call(label_, functions().set_perf_level, handle_, amdsmi::kPerformanceLevelAuto);
}

std::string PciAddressText(uint64_t bdf) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", bdf >> 16, (bdf >> 8) & 0xFF, (bdf >> 3) & 0x1F, bdf & 0x7);
}

}  // namespace zeus
