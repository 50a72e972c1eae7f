#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus {

/// How fast and at what power a loop ran under one limit.
struct ProfiledRate {
  Watts power;            ///< Average, all GPUs.
  double throughput = 0;  ///< Iterations a second.

  bool operator==(const ProfiledRate&) const = default;
};

/// What the power limits of one batch size were found to be like: the file bs{B}.power.json.
struct PowerProfile {
  std::string job_id;                   ///< Of the run that profiled.
  std::map<Watts, ProfiledRate> train;  ///< By power limit.
  std::map<Watts, ProfiledRate> eval;   ///< At the limits that were used; empty where nothing was evaluated.
  Watts optimal_limit;

  bool operator==(const PowerProfile&) const = default;
};

/// "bs{batch_size}.power.json".
std::string PowerProfileName(int64_t batch_size);

/// JSON with a line break at its end: train_power, train_throughput, eval_power and eval_throughput are objects from a
/// power limit in mW, as text, to W and iterations a second; optimal_pl is in mW.
std::string ToText(const PowerProfile& profile);
/// `source` names the text in errors: kInvalidData with the field. Limits of power and throughput are the same, powers
/// and throughputs above 0, and the optimum is one that was profiled in training.
Result<PowerProfile> ParsePowerProfile(std::string_view text, std::string_view source);

Result<PowerProfile> ReadPowerProfile(const std::filesystem::path& path);

}  // namespace zeus
