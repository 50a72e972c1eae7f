// What the emulated cards do not have, or Linux does not: the answer is "not supported", as on real ones.
#include "emulator/nvml/context.h"
#include "emulator/nvml/exports.h"

using namespace zeus::emulator;  // NOLINT: a file of nothing but exported C functions.
using namespace zeus::nvml;      // NOLINT

namespace {

Return NotSupported(const char* function, Device device) {
  return OnGpu(function, device, [](const Gpu&) { return kNotSupported; });
}

}  // namespace

// Driver models are Windows's.
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetDriverModel_v2(Device device, int*, int*) {
  return NotSupported(__func__, device);
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetDriverModel(Device device, int*, int*) {
  return NotSupported(__func__, device);
}
// Servers' cards are cooled by the chassis.
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetFanSpeed(Device device, unsigned*) {
  return NotSupported(__func__, device);
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetMigMode(Device device, unsigned*, unsigned*) {
  return NotSupported(__func__, device);
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetNvLinkState(Device device, unsigned, int*) {
  return NotSupported(__func__, device);
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetApplicationsClock(Device device, ClockType, unsigned*) {
  return NotSupported(__func__, device);
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetDefaultApplicationsClock(Device device, ClockType, unsigned*) {
  return NotSupported(__func__, device);
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetGpuOperationMode(Device device, int*, int*) {
  return NotSupported(__func__, device);
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetConfComputeMemSizeInfo(Device device, void*) {
  return NotSupported(__func__, device);
}
