// The library itself: starting, ending, versions, and finding GPUs.
#include "emulator/configuration/nvml_names.h"
#include "emulator/nvml/context.h"
#include "emulator/nvml/exports.h"

using namespace zeus::emulator;  // NOLINT: a file of nothing but exported C functions.
using namespace zeus::nvml;      // NOLINT

ZEUS_EMULATOR_EXPORT Return nvmlInit_v2() {
  return Enter();
}
ZEUS_EMULATOR_EXPORT Return nvmlInit() {
  return Enter();
}
ZEUS_EMULATOR_EXPORT Return nvmlInitWithFlags(unsigned) {
  return Enter();
}
ZEUS_EMULATOR_EXPORT Return nvmlShutdown() {
  return Leave();
}
ZEUS_EMULATOR_EXPORT const char* nvmlErrorString(Return result) {
  return ErrorText(result);
}

ZEUS_EMULATOR_EXPORT Return nvmlSystemGetDriverVersion(char* version, unsigned length) {
  return OnMachine(__func__, [&](const Machine& machine) {
    return CopyText(machine.configuration().driver_version, version, length);
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlSystemGetNVMLVersion(char* version, unsigned length) {
  return OnMachine(__func__, [&](const Machine& machine) {
    return CopyText(machine.configuration().library_version, version, length);
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlSystemGetCudaDriverVersion_v2(int* version) {
  return OnMachine(__func__,
                   [&](const Machine& machine) { return Give(version, machine.configuration().cuda_version); });
}
ZEUS_EMULATOR_EXPORT Return nvmlSystemGetCudaDriverVersion(int* version) {
  return nvmlSystemGetCudaDriverVersion_v2(version);
}
ZEUS_EMULATOR_EXPORT Return nvmlSystemGetProcessName(unsigned pid, char* name, unsigned length) {
  return OnMachine(__func__, [&](const Machine&) { return CopyProcessName(pid, name, length); });
}

ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetCount_v2(unsigned* count) {
  return OnMachine(__func__,
                   [&](const Machine& machine) { return Give(count, static_cast<unsigned>(machine.gpu_count())); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetCount(unsigned* count) {
  return nvmlDeviceGetCount_v2(count);
}

ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetHandleByIndex_v2(unsigned index, Device* device) {
  const Machine* const machine = CurrentMachine();
  if (machine == nullptr) return kUninitialized;
  if (index >= machine->gpu_count()) return kInvalidArgument;
  if (const auto fault = FindFault(*machine, __func__, index, Now())) return static_cast<Return>(*fault);
  return Give(device, HandleOf(index));
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetHandleByIndex(unsigned index, Device* device) {
  return nvmlDeviceGetHandleByIndex_v2(index, device);
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetHandleByUUID(const char* uuid, Device* device) {
  return OnMachine(__func__, [&](const Machine& machine) {
    if (uuid == nullptr) return kInvalidArgument;
    for (size_t i = 0; i < machine.gpu_count(); ++i) {
      if (UuidOf(machine, i) == uuid) return Give(device, HandleOf(i));
    }
    return kNotFound;
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, Device* device) {
  return OnMachine(__func__, [&](const Machine& machine) {
    if (bus_id == nullptr) return kInvalidArgument;
    for (size_t i = 0; i < machine.gpu_count(); ++i) {
      if (EqualIgnoringCase(BusIdOf(i, 8), bus_id) || EqualIgnoringCase(BusIdOf(i, 4), bus_id)) {
        return Give(device, HandleOf(i));
      }
    }
    return kNotFound;
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetHandleByPciBusId(const char* bus_id, Device* device) {
  return nvmlDeviceGetHandleByPciBusId_v2(bus_id, device);
}
