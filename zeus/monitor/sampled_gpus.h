#pragma once

#include <span>
#include <string>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/gpu.h"

namespace zeus::internal {

/// "GPU 0 (Tesla V100)": by the vendor's number, as the errors of its reads name it.
std::string GpuSubject(const Gpu& gpu);

/// What every sampler asks of its arguments.
Result<void> CheckSamplerArguments(std::span<Gpu* const> gpus, Seconds period);

}  // namespace zeus::internal
