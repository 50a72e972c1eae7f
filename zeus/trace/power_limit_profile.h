#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus {

/// What profiling measured at one power limit: the same number of steps at each.
struct PowerLimitProfileEntry {
  Watts power_limit;
  Joules energy;  ///< Of all GPUs of all ranks.
  Seconds time;   ///< Of the slowest rank.

  bool operator==(const PowerLimitProfileEntry&) const = default;
};

/// What the published package's power limit optimizer writes when it is done, and reads instead of profiling again.
struct PowerLimitProfile {
  std::vector<PowerLimitProfileEntry> measurements;  ///< As they were made: highest limit first.

  bool operator==(const PowerLimitProfile&) const = default;
};

/// JSON, byte for byte as the published package lays it out: 4 spaces a level, whole limits as integers, no line break
/// at its end.
std::string ToText(const PowerLimitProfile& profile);

/// `source` names the text in errors: kInvalidData with the field, for an empty list and for what is not above 0.
/// Fields that are not known are passed over.
Result<PowerLimitProfile> ParsePowerLimitProfile(std::string_view text, std::string_view source);

/// kNotFound where there is no such file.
Result<PowerLimitProfile> ReadPowerLimitProfile(const std::filesystem::path& path);

}  // namespace zeus
