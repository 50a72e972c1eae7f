#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/device/gpu_info.h"

namespace zeus {

/// The variables that say which GPUs a process sees, as they stand in its environment; absent is not empty.
struct VisibilityVariables {
  std::optional<std::string> cuda_visible_devices;
  std::optional<std::string> cuda_device_order;
  std::optional<std::string> hip_visible_devices;
};

/// One entry of such a list: "2", "GPU-8932f937-..." (or as much of it as is unique), "MIG-...".
struct VisibleDevice {
  std::optional<int> index;
  std::string uuid_prefix;  ///< Empty where there is an index.
};

/// Which GPUs, in which order, and what to know about it.
struct VisibleDevices {
  std::vector<int> indices;  ///< Into the vendor's own order.
  std::vector<std::string> notes;
};

/// The entries of `text`. kInvalidArgument names `variable`, the entry and what was expected: for an empty list, an
/// entry that is neither, the same entry twice, and MIG slices, whose power no library tells.
Result<std::vector<VisibleDevice>> ParseVisibleDevices(std::string_view variable, std::string_view text);

/// What a process with these variables sees of `gpus`, which are one vendor's in its own order; not empty. One that
/// cannot be opened is left out there, and the others keep their indices.
///
/// NVIDIA follows CUDA_VISIBLE_DEVICES; AMD follows HIP_VISIBLE_DEVICES, or else CUDA_VISIBLE_DEVICES. Without a
/// variable all are visible. Indices count in PCI order, as NVML and CUDA_DEVICE_ORDER=PCI_BUS_ID do; CUDA's own
/// default, FASTEST_FIRST, cannot be told without CUDA, so where cards differ a note says so. Source: CUDA C++
/// Programming Guide, "CUDA Environment Variables"; ROCm, "GPU isolation techniques".
Result<VisibleDevices> FindVisibleDevices(GpuVendor vendor, const VisibilityVariables& variables,
                                          const std::vector<GpuInfo>& gpus);

}  // namespace zeus
