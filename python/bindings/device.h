#pragma once

#include <cstdint>

#include "python/bindings/errors.h"
#include "python/bindings/machine.h"
#include "zeus/device/cpu.h"
#include "zeus/device/gpu.h"

namespace zeus::python {

/// A device as Python holds it: of the Machine of one process.
template <class Device>
class DeviceHandle {
 public:
  explicit DeviceHandle(Device& device) : device_(&device), generation_(ForkGeneration()) {}

  /// RuntimeError in a forked child.
  [[nodiscard]] Device& get() const {
    Take(CheckNotForked(generation_, "this device"));
    return *device_;
  }

 private:
  Device* device_;
  uint64_t generation_;
};

using GpuHandle = DeviceHandle<Gpu>;
using CpuHandle = DeviceHandle<Cpu>;

}  // namespace zeus::python
