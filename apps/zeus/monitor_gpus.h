#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/device/inventory.h"

namespace zeus {

/// A GPU to measure, under the number by which a training script knows it.
struct ChosenGpu {
  size_t index = 0;
  Gpu* gpu = nullptr;
};

/// The visible GPUs of a list such as "0,2", or all where it is empty; there may be none then. kInvalidArgument for a
/// list that is none, and for a GPU that is not there or is named twice.
Result<std::vector<ChosenGpu>> ChooseGpus(const DeviceInventory& inventory, const std::string& list);

/// Why there is no GPU to be seen: the inventory's problems, or where to read more.
std::string WhyNoGpus(const DeviceInventory& inventory);

}  // namespace zeus
