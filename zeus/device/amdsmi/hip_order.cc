#include "zeus/device/amdsmi/hip_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "zeus/device/amdsmi/amd_device.h"

namespace zeus::amdsmi {
namespace {

struct Numbered {
  uint32_t number = 0;
  HipDevice device;
};

/// Sorts by number; an error for a number that is none, or that two have.
Result<void> Sort(std::vector<Numbered>& devices, const char* function, const char* what) {
  std::ranges::sort(devices, {}, &Numbered::number);
  for (size_t i = 0; i < devices.size(); ++i) {
    const uint32_t number = devices[i].number;
    const std::string address = PciAddressText(devices[i].device.bdf);
    if (number == UINT32_MAX) {
      return Fail(ErrorCode::kUnavailable,
                  fmt::format("{}: gives no {} for the AMD GPU at {}", function, what, address));
    }
    if (i > 0 && devices[i - 1].number == number) {
      return Fail(ErrorCode::kUnavailable,
                  fmt::format("{}: {} {} is that of two AMD GPUs, at {} and {}", function, what, number,
                              PciAddressText(devices[i - 1].device.bdf), address));
    }
  }
  return {};
}

Result<void> NumberByHip(const AmdSmiLibrary& library, std::vector<Numbered>& devices) {
  const auto& function = library.functions().get_enumeration_info;
  for (Numbered& each : devices) {
    EnumerationInfo info = {};
    ZEUS_RETURN_IF_ERROR(library.Call(PciAddressText(each.device.bdf), function, each.device.handle, &info));
    each.number = info.hip_id;
  }
  ZEUS_RETURN_IF_ERROR(Sort(devices, function.name, "hip_id"));
  for (Numbered& each : devices) each.device.index = static_cast<int>(each.number);
  return {};
}

Result<void> NumberByNode(const AmdSmiLibrary& library, std::vector<Numbered>& devices) {
  const auto& function = library.functions().get_kfd_info;
  for (Numbered& each : devices) {
    KfdInfo info = {};
    ZEUS_RETURN_IF_ERROR(library.Call(PciAddressText(each.device.bdf), function, each.device.handle, &info));
    each.number = info.node_id;
  }
  ZEUS_RETURN_IF_ERROR(Sort(devices, function.name, "node_id"));
  for (size_t i = 0; i < devices.size(); ++i) devices[i].device.index = static_cast<int>(i);
  return {};
}

}  // namespace

Result<std::vector<HipDevice>> ListHipDevices(const AmdSmiLibrary& library) {
  const Functions& functions = library.functions();
  if (!functions.get_enumeration_info.present() && !functions.get_kfd_info.present()) {
    return Fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("{}, nor {}: expected one of the two, as ROCm 6.3 and newer have, to number GPUs as HIP does",
                    library.WhyMissing(functions.get_enumeration_info.name), functions.get_kfd_info.name));
  }
  ZEUS_ASSIGN_OR_RETURN(const std::vector<ProcessorHandle> handles, library.ListProcessors());
  std::vector<Numbered> devices;
  for (const ProcessorHandle handle : handles) {
    uint64_t bdf = 0;
    ZEUS_RETURN_IF_ERROR(library.Call(fmt::format("processor {}", devices.size()), functions.get_bdf, handle, &bdf));
    devices.push_back({0, {0, handle, bdf}});
  }
  Result<void> numbered = NumberByHip(library, devices);
  if (!numbered && functions.get_kfd_info.present()) numbered = NumberByNode(library, devices);
  if (!numbered) return std::unexpected(numbered.error());
  std::vector<HipDevice> ordered;
  for (const Numbered& each : devices) ordered.push_back(each.device);
  return ordered;
}

}  // namespace zeus::amdsmi
