#pragma once

#include <vector>

#include "zeus/device/amdsmi/amdsmi_library.h"

namespace zeus::amdsmi {

struct HipDevice {
  int index = 0;  ///< HIP's number for it where no visibility variable is set.
  ProcessorHandle handle = nullptr;
  uint64_t bdf = 0;
};

/// All GPUs in HIP's order: by the number that the library gives (since ROCm 6.4), or else by that of the kernel's
/// compute node. kFailedPrecondition where a library has neither, kUnavailable where the numbers make no sense.
Result<std::vector<HipDevice>> ListHipDevices(const AmdSmiLibrary& library);

}  // namespace zeus::amdsmi
