// What a GPU's sensors show.
#include <algorithm>
#include <cmath>

#include "emulator/nvml/context.h"
#include "emulator/nvml/exports.h"

using namespace zeus::emulator;  // NOLINT: a file of nothing but exported C functions.
using namespace zeus::nvml;      // NOLINT

namespace {

unsigned Milliwatts(double watts) {
  return static_cast<unsigned>(std::lround(std::max(watts, 0.0) * 1000));
}

unsigned Percent(double share) {
  return static_cast<unsigned>(std::lround(std::clamp(share, 0.0, 1.0) * 100));
}

unsigned InstantPower(const Gpu& gpu) {
  return Milliwatts(SensorWatts(gpu.shared, gpu.model.sensor.instant, gpu.phase(), gpu.now));
}

unsigned AveragePower(const Gpu& gpu) {
  return Milliwatts(SensorWatts(gpu.shared, *gpu.model.sensor.average, gpu.phase(), gpu.now));
}

Return Energy(const Gpu& gpu, unsigned long long& millijoules) {
  if (!gpu.model.sensor.energy_period) return kNotSupported;
  const uint64_t exact =
      CounterMillijoules(gpu.shared, *gpu.model.sensor.energy_period, gpu.phase(), gpu.machine.created(), gpu.now);
  millijoules =
      gpu.machine.configuration().faults.empty() ? exact : FaultyCounter(gpu.machine, gpu.index, exact, gpu.now);
  return kSuccess;
}

Return Field(const Gpu& gpu, FieldValue& value) {
  value.type = kUnsignedInt;
  if (value.field == kFieldTotalEnergy) {
    value.type = kUnsignedLongLong;
    unsigned long long millijoules = 0;
    const Return result = Energy(gpu, millijoules);
    value.value.as_unsigned_long = millijoules;
    return result;
  }
  if (value.field == kFieldPowerAverage && value.scope == kScopeMemory) {
    // Cards without that sensor succeed and say zero.
    value.value.as_unsigned =
        gpu.model.sensor.has_memory_power && gpu.model.sensor.average
            ? Milliwatts(SensorMemoryWatts(gpu.shared, gpu.model, *gpu.model.sensor.average, gpu.phase(), gpu.now))
            : 0;
    return kSuccess;
  }
  if (value.scope != kScopeGpu) return kNotSupported;
  if (value.field == kFieldPowerInstant) {
    value.value.as_unsigned = InstantPower(gpu);
    return kSuccess;
  }
  if (value.field == kFieldPowerAverage && gpu.model.sensor.average) {
    value.value.as_unsigned = AveragePower(gpu);
    return kSuccess;
  }
  return kNotSupported;
}

// The memory clock in effect: the highest that the lock allows, or the lowest while the card sleeps.
unsigned MemoryClock(const Gpu& gpu, bool asleep) {
  const std::vector<zeus::Megahertz>& clocks = gpu.model.memory_clocks;
  if (asleep) return static_cast<unsigned>(clocks.back().value());
  const uint64_t lock = gpu.shared.memory_lock.load(std::memory_order_relaxed);
  const auto highest = static_cast<double>(lock == 0 ? UINT32_MAX : lock >> 32);
  const auto found = std::ranges::find_if(clocks, [&](zeus::Megahertz clock) { return clock.value() <= highest; });
  return static_cast<unsigned>((found == clocks.end() ? clocks.back() : *found).value());
}

bool IsAsleep(const Gpu& gpu, const Moment& moment) {
  return moment.watts <= gpu.model.power.asleep.value();
}

}  // namespace

ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetPowerUsage(Device device, unsigned* milliwatts) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    const bool average = gpu.model.sensor.usage == PowerUsageKind::kAverage && gpu.model.sensor.average;
    return Give(milliwatts, average ? AveragePower(gpu) : InstantPower(gpu));
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetFieldValues(Device device, int count, FieldValue* values) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    if (values == nullptr || count < 0) return kInvalidArgument;
    for (int i = 0; i < count; ++i) {
      values[i].timestamp_us = gpu.now / 1000;
      values[i].latency_us = 0;
      values[i].result = Field(gpu, values[i]);
    }
    return kSuccess;
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetTotalEnergyConsumption(Device device, unsigned long long* millijoules) {
  return OnGpu(__func__, device,
               [&](const Gpu& gpu) { return millijoules == nullptr ? kInvalidArgument : Energy(gpu, *millijoules); });
}

ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetTemperature(Device device, TemperatureSensor sensor, unsigned* celsius) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    if (sensor != kTemperatureGpu) return kInvalidArgument;
    return Give(celsius, static_cast<unsigned>(std::max(At(gpu.shared, gpu.model, gpu.now).celsius, 0.0)));
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetTemperatureV(Device device, TemperatureV1* temperature) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    if (temperature == nullptr) return kInvalidArgument;
    if (temperature->version != kTemperatureV1) return kArgumentVersionMismatch;
    if (temperature->sensor != kTemperatureGpu) return kInvalidArgument;
    temperature->celsius = static_cast<int>(At(gpu.shared, gpu.model, gpu.now).celsius);
    return kSuccess;
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetTemperatureThreshold(Device device, int threshold, unsigned* celsius) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    if (threshold == 0) return Give(celsius, static_cast<unsigned>(gpu.model.thermal.shutdown_celsius));
    if (threshold == 1) return Give(celsius, static_cast<unsigned>(gpu.model.thermal.slowdown_celsius));
    return kNotSupported;
  });
}

ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetClockInfo(Device device, ClockType type, unsigned* megahertz) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    const Moment moment = At(gpu.shared, gpu.model, gpu.now);
    switch (type) {
      case kClockGraphics:
      case kClockSm:
      case kClockVideo:
        return Give(megahertz, unsigned{moment.clock_mhz});
      case kClockMemory:
        return Give(megahertz, MemoryClock(gpu, IsAsleep(gpu, moment)));
    }
    return kInvalidArgument;
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetClock(Device device, ClockType type, int id, unsigned* megahertz) {
  if (id != 0) return OnGpu(__func__, device, [](const Gpu&) { return kNotSupported; });
  return nvmlDeviceGetClockInfo(device, type, megahertz);
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetMaxClockInfo(Device device, ClockType type, unsigned* megahertz) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    const std::vector<zeus::Megahertz>& clocks =
        type == kClockMemory ? gpu.model.memory_clocks : gpu.model.graphics_clocks;
    return Give(megahertz, static_cast<unsigned>(clocks.front().value()));
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetCurrentClocksEventReasons(Device device, unsigned long long* reasons) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    return Give(reasons, static_cast<unsigned long long>(At(gpu.shared, gpu.model, gpu.now).throttle_reasons));
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetCurrentClocksThrottleReasons(Device device, unsigned long long* reasons) {
  return Alias(__func__, device, [&] { return nvmlDeviceGetCurrentClocksEventReasons(device, reasons); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetPerformanceState(Device device, int* state) {
  return OnGpu(__func__, device,
               [&](const Gpu& gpu) { return Give(state, IsAsleep(gpu, At(gpu.shared, gpu.model, gpu.now)) ? 8 : 0); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetPowerState(Device device, int* state) {
  return Alias(__func__, device, [&] { return nvmlDeviceGetPerformanceState(device, state); });
}

ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetUtilizationRates(Device device, Utilization* utilization) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    const Moment moment = At(gpu.shared, gpu.model, gpu.now);
    return Give(utilization, Utilization{Percent(moment.gpu_utilization), Percent(moment.memory_utilization)});
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetEncoderUtilization(Device device, unsigned* percent, unsigned* period_us) {
  return OnGpu(__func__, device, [&](const Gpu&) {
    if (percent == nullptr || period_us == nullptr) return kInvalidArgument;
    *percent = 0;
    *period_us = 167000;
    return kSuccess;
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetDecoderUtilization(Device device, unsigned* percent, unsigned* period_us) {
  return Alias(__func__, device, [&] { return nvmlDeviceGetEncoderUtilization(device, percent, period_us); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetMemoryInfo(Device device, Memory* memory) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    const uint64_t used = gpu.shared.memory_used.load(std::memory_order_relaxed);
    return Give(memory, Memory{gpu.model.memory_bytes, gpu.model.memory_bytes - used, used});
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetMemoryInfo_v2(Device device, MemoryV2* memory) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    if (memory == nullptr) return kInvalidArgument;
    if (memory->version != kMemoryV2) return kArgumentVersionMismatch;
    const uint64_t used = gpu.shared.memory_used.load(std::memory_order_relaxed);
    *memory = {kMemoryV2, gpu.model.memory_bytes, 0, gpu.model.memory_bytes - used, used};
    return kSuccess;
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetBAR1MemoryInfo(Device device, Bar1Memory* memory) {
  return OnGpu(__func__, device, [&](const Gpu&) {
    constexpr unsigned long long kTotal = 256ULL << 20;
    return Give(memory, Bar1Memory{kTotal, kTotal - (2ULL << 20), 2ULL << 20});
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetPcieThroughput(Device device, int, unsigned* kilobytes_per_second) {
  return OnGpu(__func__, device, [&](const Gpu&) { return Give(kilobytes_per_second, 0U); });
}
