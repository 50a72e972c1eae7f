#include "zeus/trace/synthetic_gpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "zeus/trace/synthetic_fields.h"

namespace zeus {
namespace {

constexpr double kMostWatts = 1e6;
constexpr double kMostLimits = 1000;

// The name becomes part of a file's name.
Result<void> ValidateGpuName(const std::string& name) {
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  if (plain && !name.empty()) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("gpu: expected a name of letters, digits, dots, dashes and underscores, found \"{}\"", name));
}

}  // namespace

Result<void> Validate(const SyntheticGpu& gpu) {
  const double idle = gpu.idle_power.value();
  ZEUS_RETURN_IF_ERROR(ValidateGpuName(gpu.name));
  ZEUS_RETURN_IF_ERROR(RequireAbove("idle_power", idle, 0));
  ZEUS_RETURN_IF_ERROR(RequireBetween("full_power", gpu.full_power.value(), idle, kMostWatts));
  ZEUS_RETURN_IF_ERROR(RequireBetween("memory_power", gpu.memory_power.value(), idle, gpu.full_power.value()));
  ZEUS_RETURN_IF_ERROR(RequireAbove("power_exponent", gpu.power_exponent, 1));
  ZEUS_RETURN_IF_ERROR(RequireBetween("min_limit", gpu.min_limit.value(), idle + 1, kMostWatts));
  ZEUS_RETURN_IF_ERROR(RequireBetween("max_limit", gpu.max_limit.value(), gpu.min_limit.value(), kMostWatts));
  ZEUS_RETURN_IF_ERROR(RequireAbove("limit_step", gpu.limit_step.value(), 0));
  if (const double count = std::ceil((gpu.max_limit - gpu.min_limit) / gpu.limit_step); count > kMostLimits) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("limit_step: expected at most {} limits from min_limit to max_limit, found {}", kMostLimits,
                            count));
  }
  return RequireAbove("speed", gpu.speed, 0);
}

std::vector<Watts> PowerLimits(const SyntheticGpu& gpu) {
  std::vector<Watts> limits;
  for (int i = 0; gpu.min_limit + i * gpu.limit_step < gpu.max_limit; ++i) {
    limits.push_back(gpu.min_limit + i * gpu.limit_step);
  }
  limits.push_back(gpu.max_limit);
  return limits;
}

OperatingPoint RunAtClock(const SyntheticGpu& gpu, const SyntheticWork& work, double clock) {
  const Seconds memory = work.memory / gpu.speed;
  const Seconds compute = work.compute / (gpu.speed * clock);
  const Seconds time = work.overhead + memory + compute;
  const Watts computing = gpu.idle_power + (gpu.full_power - gpu.idle_power) * std::pow(clock, gpu.power_exponent);
  const Joules energy = gpu.idle_power * work.overhead + gpu.memory_power * memory + computing * compute;
  return {.clock = clock, .time = time, .average_power = energy / time};
}

OperatingPoint RunUnderLimit(const SyntheticGpu& gpu, const SyntheticWork& work, Watts limit) {
  OperatingPoint best = RunAtClock(gpu, work, 1);
  if (best.average_power <= limit) return best;
  // Average power grows with the clock: a larger share of the time goes to what does not slow down, at no less power
  // than idle, and computing draws more. It tends to idle_power as the clock tends to 0.
  double within = 1;
  while (best.average_power > limit) {
    within /= 2;
    best = RunAtClock(gpu, work, within);
  }
  double beyond = 2 * within;
  constexpr int kHalvings = 50;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (within + beyond) / 2;
    const OperatingPoint point = RunAtClock(gpu, work, middle);
    if (point.average_power <= limit) {
      within = middle;
      best = point;
    } else {
      beyond = middle;
    }
  }
  return best;
}

}  // namespace zeus
