#pragma once

#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/optimizer/power_limit/limit_profiler.h"

namespace zeus {

/// The value of an environment variable, or nothing; a program hands in one that asks getenv(3).
using EnvironmentReader = std::function<std::optional<std::string>(const char* name)>;

/// What a session does with the limit that it found to be best.
enum class LimitUse {
  kOptimal,  ///< Trains at it.
  kMaximum,  ///< Observer mode: profiles and accounts, but trains at the maximum.
};

/// What whoever launches a training script tells the session inside it. The launcher and the original's scripts do so
/// with environment variables.
struct SessionOptions {
  double target_metric = 0;                                        ///< ZEUS_TARGET_METRIC, which must be there.
  std::filesystem::path log_dir = "zeus_log";                      ///< ZEUS_LOG_DIR.
  std::string job_id = "zeus";                                     ///< ZEUS_JOB_ID: part of file names, so without "/".
  Joules cost_threshold{std::numeric_limits<double>::infinity()};  ///< ZEUS_COST_THRESH; above 0.
  double eta = 0.5;                                                ///< ZEUS_ETA_KNOB, 0 to 1.
  std::filesystem::path monitor;            ///< ZEUS_MONITOR_PATH: a program that writes power logs; empty: we.
  ProfileWindow profile_window;             ///< ZEUS_PROFILE_PARAMS, "warm-up,measured".
  LimitUse limit_use = LimitUse::kOptimal;  ///< ZEUS_USE_OPTIMAL_PL, true or false in any case.

  /// kInvalidArgument naming the variable that is missing or strange, and what was expected.
  static Result<SessionOptions> FromEnvironment(const EnvironmentReader& environment);
};

}  // namespace zeus
