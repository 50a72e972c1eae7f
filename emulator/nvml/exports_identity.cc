// What a GPU is.
#include <cstring>

#include "emulator/nvml/context.h"
#include "emulator/nvml/exports.h"

using namespace zeus::emulator;  // NOLINT: a file of nothing but exported C functions.
using namespace zeus::nvml;      // NOLINT

namespace {

constexpr int kBrandTesla = 2;
constexpr int kBrandQuadroRtx = 12;
constexpr int kBrandNvidia = 14;
constexpr uint32_t kTuring = 6;

int BrandOf(const GpuModel& model) {
  if (model.architecture > kTuring) return kBrandNvidia;
  return model.name.starts_with("Quadro RTX") ? kBrandQuadroRtx : kBrandTesla;
}

}  // namespace

ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetName(Device device, char* name, unsigned length) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) { return CopyText(gpu.model.name, name, length); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetUUID(Device device, char* uuid, unsigned length) {
  return OnGpu(__func__, device,
               [&](const Gpu& gpu) { return CopyText(UuidOf(gpu.machine, gpu.index), uuid, length); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetSerial(Device device, char* serial, unsigned length) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    return CopyText("0" + std::to_string(320000000000ULL + gpu.index), serial, length);
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetIndex(Device device, unsigned* index) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) { return Give(index, static_cast<unsigned>(gpu.index)); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetMinorNumber(Device device, unsigned* minor) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) { return Give(minor, static_cast<unsigned>(gpu.index)); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetPciInfo_v3(Device device, PciInfo* pci) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    if (pci == nullptr) return kInvalidArgument;
    *pci = {};
    pci->bus = static_cast<unsigned>(gpu.index) + 1;
    pci->device_id = gpu.model.pci_device;
    pci->subsystem_id = gpu.model.pci_subsystem;
    const std::string legacy = BusIdOf(gpu.index, 4);
    const std::string bus_id = BusIdOf(gpu.index, 8);
    std::memcpy(pci->bus_id_legacy, legacy.c_str(), legacy.size() + 1);
    std::memcpy(pci->bus_id, bus_id.c_str(), bus_id.size() + 1);
    return kSuccess;
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetPciInfo_v2(Device device, PciInfo* pci) {
  return Alias(__func__, device, [&] { return nvmlDeviceGetPciInfo_v3(device, pci); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetBrand(Device device, int* brand) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) { return Give(brand, BrandOf(gpu.model)); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetArchitecture(Device device, unsigned* architecture) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) { return Give(architecture, unsigned{gpu.model.architecture}); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetCudaComputeCapability(Device device, int* major, int* minor) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    if (major == nullptr || minor == nullptr) return kInvalidArgument;
    *major = gpu.model.compute_major;
    *minor = gpu.model.compute_minor;
    return kSuccess;
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetComputeMode(Device device, int* mode) {
  return OnGpu(__func__, device, [&](const Gpu&) { return Give(mode, 0); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetDisplayMode(Device device, int* mode) {
  return OnGpu(__func__, device, [&](const Gpu&) { return Give(mode, 0); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetDisplayActive(Device device, int* active) {
  return OnGpu(__func__, device, [&](const Gpu&) { return Give(active, 0); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceIsMigDeviceHandle(Device device, unsigned* is_mig) {
  return OnGpu(__func__, device, [&](const Gpu&) { return Give(is_mig, 0U); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetMaxMigDeviceCount(Device device, unsigned* count) {
  return OnGpu(__func__, device, [&](const Gpu&) { return Give(count, 0U); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetEccMode(Device device, int* current, int* pending) {
  return OnGpu(__func__, device, [&](const Gpu&) {
    if (current == nullptr || pending == nullptr) return kInvalidArgument;
    *current = 1;
    *pending = 1;
    return kSuccess;
  });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetTotalEccErrors(Device device, int, int, unsigned long long* count) {
  return OnGpu(__func__, device, [&](const Gpu&) { return Give(count, 0ULL); });
}
