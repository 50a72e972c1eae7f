#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "tests/support/replayed_gpus.h"
#include "tests/support/result_matchers.h"
#include "zeus/training/power_limit_optimizer.h"

/// A profile of three power limits, as GPUs replay it.
namespace zeus::testing {

inline constexpr PowerLimitRange kRange{Watts(100), Watts(300), Watts(250)};

struct LoggedWindow {
  double limit;
  double time;
  double energy;
};

/// Half of energy and half of 300 W for the time: 5000, 4600, 5250 J for one GPU; 9500, 9100, 10500 J for four.
inline constexpr std::array<LoggedWindow, 3> kThree = {{{300, 30, 1000}, {200, 30, 200}, {100, 35, 0.5}}};

inline const Error kTrouble{ErrorCode::kUnavailable, "the GPU is busy"};

inline ReplayedGpus GpusWith(std::span<const LoggedWindow> windows, PowerLimitRange range = kRange) {
  std::string log = "start_time,window_name,elapsed_time,gpu0_energy\n";
  for (const auto& [limit, time, energy] : windows) {
    log += fmt::format("1.5,__GlobalPowerLimitOptimizer_{},{},{}\n", limit, time, energy);
  }
  return {WindowLogReplay::FromText(log, "log.csv").value(), range};
}

inline PowerLimitMeasurement At(double limit, double energy, double time) {
  return {.power_limit = Watts(limit), .energy = Joules(energy), .time = Seconds(time)};
}

/// Three limits, each warmed up for a step and measured for two.
inline PowerLimitOptimizerOptions Quick(std::filesystem::path profile_path = {}) {
  return {.selector = SelectLeastEnergy(),
          .wait_steps = 1,
          .warmup_steps = 1,
          .profile_steps = 2,
          .step = Watts(100),
          .profile_path = std::move(profile_path)};
}

inline void Steps(PowerLimitOptimizer& optimizer, int count) {
  for (int i = 0; i < count; ++i) ASSERT_THAT(optimizer.OnStepBegin(), IsOk()) << "step " << i;
}

}  // namespace zeus::testing
