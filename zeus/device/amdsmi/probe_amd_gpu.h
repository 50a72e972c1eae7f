#pragma once

#include "zeus/device/amdsmi/amd_device.h"
#include "zeus/device/gpu_info.h"

namespace zeus::amdsmi {

/// Asks a GPU for everything once. What the library or the GPU does not have is removed with its reason; what merely
/// fails now stays. The energy counter is not checked here: see energy_validation.h.
GpuCapabilities ProbeCapabilities(const AmdDevice& device);

}  // namespace zeus::amdsmi
