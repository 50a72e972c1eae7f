#include "zeus/control/verified_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

namespace zeus {
namespace {

std::string_view ModeName(PersistenceMode mode) {
  return mode == PersistenceMode::kOn ? "on" : "off";
}

Result<std::optional<Megahertz>> ReadClock(Gpu& gpu, ClockDomain domain) {
  if (!gpu.capabilities().Has(Capability::kClocks)) return std::nullopt;
  ZEUS_ASSIGN_OR_RETURN(const GpuStatus status, gpu.ReadStatus());
  return domain == ClockDomain::kGraphics ? status.graphics_clock : status.memory_clock;
}

// The highest clock that obeys the lock. Drivers round what they are asked for to the nearest supported clock.
Megahertz HighestAllowed(Gpu& gpu, ClockDomain domain, Megahertz maximum) {
  Megahertz allowed = maximum;
  const Result<std::vector<Megahertz>> supported = gpu.settings().ReadSupportedClocks(domain);
  if (supported && !supported->empty()) {
    const auto distance = [&](Megahertz clock) { return std::abs(clock.value() - maximum.value()); };
    allowed = std::max(allowed, *std::ranges::min_element(*supported, {}, distance));
  }
  return allowed + kClockTolerance;
}

}  // namespace

std::string GpuLabel(const GpuInfo& info) {
  return fmt::format("GPU {} ({})", info.index, info.name);
}

Result<void> SetAndVerify(Gpu& gpu, Watts power_limit) {
  ZEUS_RETURN_IF_ERROR(gpu.settings().SetPowerLimit(power_limit));
  ZEUS_ASSIGN_OR_RETURN(const Watts read, gpu.settings().ReadPowerLimit());
  if (std::abs((read - power_limit).value()) <= kPowerLimitTolerance.value()) return {};
  return Fail(ErrorCode::kUnavailable, fmt::format("{}: set power limit: asked for {} W, the card says {} W",
                                                   GpuLabel(gpu.info()), power_limit.value(), read.value()));
}

Result<void> SetAndVerify(Gpu& gpu, PersistenceMode mode) {
  ZEUS_RETURN_IF_ERROR(gpu.settings().SetPersistenceMode(mode));
  ZEUS_ASSIGN_OR_RETURN(const PersistenceMode read, gpu.settings().ReadPersistenceMode());
  if (read == mode) return {};
  return Fail(ErrorCode::kUnavailable, fmt::format("{}: set persistence mode: asked for {}, the card says {}",
                                                   GpuLabel(gpu.info()), ModeName(mode), ModeName(read)));
}

Result<ClockReading> VerifyLockedClocks(Gpu& gpu, ClockDomain domain, Megahertz maximum, const ClockWait& wait) {
  const Megahertz allowed = HighestAllowed(gpu, domain, maximum);
  const double reads = wait.between_reads > Seconds(0) ? wait.at_most / wait.between_reads : 0;
  for (int64_t left = std::llround(reads);; --left) {
    ZEUS_ASSIGN_OR_RETURN(const std::optional<Megahertz> clock, ReadClock(gpu, domain));
    if (!clock) return ClockReading::kCannotTell;
    if (*clock <= allowed) return ClockReading::kConfirmed;
    if (left <= 0) {
      return Fail(ErrorCode::kUnavailable,
                  fmt::format("{}: lock {} clocks: asked for at most {} MHz, the card runs at {} MHz after {} s",
                              GpuLabel(gpu.info()), domain == ClockDomain::kGraphics ? "graphics" : "memory",
                              maximum.value(), clock->value(), wait.at_most.value()));
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(wait.between_reads.value()));
  }
}

Result<void> ResetClockDomain(Gpu& gpu, ClockDomain domain, const std::optional<ClockRange>& other) {
  Result<void> reset = gpu.settings().ResetClocks(domain);
  if (reset || reset.error().code != ErrorCode::kFailedPrecondition) return reset;
  ZEUS_RETURN_IF_ERROR(gpu.settings().ResetClocks());
  return other ? gpu.settings().LockClocks(Other(domain), *other) : Result<void>();
}

Result<void> RestoreSettings(Gpu& gpu, JournalRecord& record) {
  Result<void> first;
  const auto restore = [&](auto& setting, const auto& put_back) {
    if (!setting) return;
    if (Result<void> done = put_back(*setting)) {
      setting.reset();
    } else if (first) {
      first = std::move(done);
    }
  };
  restore(record.power_limit, [&](const auto& limit) { return SetAndVerify(gpu, limit.before); });
  for (const ClockDomain domain : {ClockDomain::kGraphics, ClockDomain::kMemory}) {
    restore(record.clocks(domain), [&](const auto&) { return ResetClockDomain(gpu, domain, std::nullopt); });
  }
  // Last: without persistence mode a driver may drop the other settings of a GPU that nobody uses.
  restore(record.persistence_mode, [&](const auto& mode) { return SetAndVerify(gpu, mode.before); });
  return first;
}

}  // namespace zeus
