#include "zeus/monitor/sampled_gpus.h"

#include <fmt/format.h>

#include <cmath>

namespace zeus::internal {

std::string GpuSubject(const Gpu& gpu) {
  return fmt::format("GPU {} ({})", gpu.info().index, gpu.info().name);
}

Result<void> CheckSamplerArguments(std::span<Gpu* const> gpus, Seconds period) {
  if (gpus.empty()) return Fail(ErrorCode::kInvalidArgument, "no GPUs to sample: expected at least one");
  for (size_t i = 0; i < gpus.size(); ++i) {
    if (gpus[i] == nullptr) return Fail(ErrorCode::kInvalidArgument, fmt::format("GPU {} is a null pointer", i));
  }
  if (!(period.value() > 0) || !std::isfinite(period.value())) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("sampling period: expected a time above 0 s, found {} s", period.value()));
  }
  return {};
}

}  // namespace zeus::internal
