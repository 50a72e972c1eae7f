// What can be changed about a GPU.
#include <algorithm>
#include <cmath>

#include "emulator/nvml/context.h"
#include "emulator/nvml/exports.h"

using namespace zeus::emulator;  // NOLINT: a file of nothing but exported C functions.
using namespace zeus::nvml;      // NOLINT

namespace {

unsigned Milliwatts(zeus::Watts power) {
  return static_cast<unsigned>(std::lround(power.value() * 1000));
}

std::vector<unsigned> Whole(const std::vector<zeus::Megahertz>& clocks) {
  std::vector<unsigned> whole;
  whole.reserve(clocks.size());
  for (const zeus::Megahertz clock : clocks) whole.push_back(static_cast<unsigned>(clock.value()));
  return whole;
}

template <class Body>
Return Change(const char* function, Device device, Body body) {
  return OnGpu(function, device, [&](const Gpu& gpu) { return MaySet(gpu.machine) ? body(gpu) : kNoPermission; });
}

Return Set(const Gpu& gpu, Setting::Kind kind, uint64_t value) {
  Apply(gpu.shared, gpu.model, {kind, value}, gpu.now);
  return kSuccess;
}

// Clocks outside the supported ones are brought to the nearest, as the driver does.
Return LockClocks(const Gpu& gpu, Setting::Kind kind, const std::vector<zeus::Megahertz>& clocks, unsigned lowest,
                  unsigned highest) {
  if (lowest > highest) return kInvalidArgument;
  const auto bottom = static_cast<unsigned>(clocks.back().value());
  const auto top = static_cast<unsigned>(clocks.front().value());
  const uint64_t low = std::clamp(lowest, bottom, top);
  const uint64_t high = std::clamp(highest, bottom, top);
  return Set(gpu, kind, high << 32 | low);
}

}  // namespace

ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetPowerManagementMode(Device device, EnableState* mode) {
  return OnGpu(__func__, device, [&](const Gpu&) { return Give(mode, kEnabled); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetPowerManagementLimit(Device device, unsigned* milliwatts) {
  return OnGpu(__func__, device,
               [&](const Gpu& gpu) { return Give(milliwatts, unsigned{gpu.shared.limit_mw.load()}); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetEnforcedPowerLimit(Device device, unsigned* milliwatts) {
  return Alias(__func__, device, [&] { return nvmlDeviceGetPowerManagementLimit(device, milliwatts); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetPowerManagementDefaultLimit(Device device, unsigned* milliwatts) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) { return Give(milliwatts, Milliwatts(gpu.model.default_limit)); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetPowerManagementLimitConstraints(Device device, unsigned* lowest,
                                                                         unsigned* highest) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    if (lowest == nullptr || highest == nullptr) return kInvalidArgument;
    *lowest = Milliwatts(gpu.model.min_limit);
    *highest = Milliwatts(gpu.model.max_limit);
    return kSuccess;
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceSetPowerManagementLimit(Device device, unsigned milliwatts) {
  return Change(__func__, device, [&](const Gpu& gpu) {
    if (milliwatts < Milliwatts(gpu.model.min_limit) || milliwatts > Milliwatts(gpu.model.max_limit)) {
      return kInvalidArgument;
    }
    return Set(gpu, Setting::Kind::kPowerLimit, milliwatts);
  });
}

ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetPersistenceMode(Device device, EnableState* mode) {
  return OnGpu(__func__, device,
               [&](const Gpu& gpu) { return Give(mode, gpu.shared.persistence.load() != 0 ? kEnabled : kDisabled); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceSetPersistenceMode(Device device, EnableState mode) {
  return Change(__func__, device, [&](const Gpu& gpu) {
    if (mode != kEnabled && mode != kDisabled) return kInvalidArgument;
    return Set(gpu, Setting::Kind::kPersistence, mode == kEnabled ? 1 : 0);
  });
}

ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetSupportedMemoryClocks(Device device, unsigned* count, unsigned* megahertz) {
  return OnGpu(__func__, device,
               [&](const Gpu& gpu) { return CopyList(Whole(gpu.model.memory_clocks), count, megahertz); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetSupportedGraphicsClocks(Device device, unsigned memory, unsigned* count,
                                                                 unsigned* megahertz) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    if (std::ranges::count(Whole(gpu.model.memory_clocks), memory) == 0) return kNotFound;
    return CopyList(Whole(gpu.model.graphics_clocks), count, megahertz);
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceSetGpuLockedClocks(Device device, unsigned lowest, unsigned highest) {
  return Change(__func__, device, [&](const Gpu& gpu) {
    if (gpu.model.architecture < kVolta) return kNotSupported;
    return LockClocks(gpu, Setting::Kind::kGraphicsLock, gpu.model.graphics_clocks, lowest, highest);
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceResetGpuLockedClocks(Device device) {
  return Change(__func__, device, [&](const Gpu& gpu) {
    return gpu.model.architecture < kVolta ? kNotSupported : Set(gpu, Setting::Kind::kGraphicsLock, 0);
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceSetMemoryLockedClocks(Device device, unsigned lowest, unsigned highest) {
  return Change(__func__, device, [&](const Gpu& gpu) {
    if (gpu.model.architecture < kAmpere) return kNotSupported;
    return LockClocks(gpu, Setting::Kind::kMemoryLock, gpu.model.memory_clocks, lowest, highest);
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceResetMemoryLockedClocks(Device device) {
  return Change(__func__, device, [&](const Gpu& gpu) {
    return gpu.model.architecture < kAmpere ? kNotSupported : Set(gpu, Setting::Kind::kMemoryLock, 0);
  });
}
