#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus {

/// What one training run took: the file {job_id}+bs{B}.train.json.
struct RunResult {
  Joules energy;  ///< Training and evaluation, all GPUs.
  Seconds time;
  Joules cost;
  int64_t num_epochs = 0;
  bool reached = false;  ///< Whether the target metric was reached.

  bool operator==(const RunResult&) const = default;
};

/// "{job_id}+bs{batch_size}.train.json".
std::string RunResultName(std::string_view job_id, int64_t batch_size);

/// JSON with a line break at its end.
std::string ToText(const RunResult& result);
/// `source` names the text in errors: kInvalidData with the field.
Result<RunResult> ParseRunResult(std::string_view text, std::string_view source);

Result<RunResult> ReadRunResult(const std::filesystem::path& path);

}  // namespace zeus
