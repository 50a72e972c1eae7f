#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/job/history.h"
#include "zeus/job/job.h"
#include "zeus/job/outcome.h"
#include "zeus/launcher/job_file.h"
#include "zeus/optimizer/batch_size/make_batch_size_policy.h"
#include "zeus/optimizer/power_limit/limit_profiler.h"
#include "zeus/optimizer/power_limit/make_power_limit_policy.h"

namespace zeus {

/// Everything that a run's decisions depend on besides the outcomes of its tries.
struct RunIdentity {
  JobIdentity job;
  std::vector<int64_t> batch_sizes;  ///< Ascending.
  Watts max_power;                   ///< The GPU's highest power limit, times the GPUs of the job.
  double eta = 0.5;
  double beta = 2.0;
  uint64_t seed = 1;  ///< Of the policy; the tries get seed, seed + 1, ...
  std::string batch_policy = std::string(kDefaultBatchSizePolicy);
  std::string power_policy = std::string(kDefaultPowerLimitPolicy);
  size_t window = 0;
  ObserverMode observer = ObserverMode::kOff;
  ProfileWindow profile;

  bool operator==(const RunIdentity&) const = default;
};

/// One try.
struct RunEntry {
  HistoryEntry tried;
  int64_t num_epochs = 0;  ///< 0: not even one epoch was worth beginning; the loop's history leaves it out.
  std::string job_id;
  std::vector<PowerLimitCost> profile;  ///< High to low, where this try profiled power limits.

  bool operator==(const RunEntry&) const = default;
};

/// The file history.json: what `zeus run` knows of a run, replaced as a whole after every try.
struct RunHistory {
  RunIdentity identity;
  int64_t recurrences = 0;  ///< How many the run is to have.
  std::vector<RunEntry> entries;

  bool operator==(const RunHistory&) const = default;
};

/// JSON with a line break at its end. A text of the job that is not UTF-8 has replacement characters in it.
std::string ToText(const RunHistory& history);
/// `source` names the text in errors: kInvalidData with the field.
Result<RunHistory> ParseRunHistory(std::string_view text, std::string_view source);

Result<RunHistory> ReadRunHistory(const std::filesystem::path& path);

/// kInvalidArgument naming the first thing in which a run to go on with differs from the one that was recorded.
Result<void> CheckSameRun(const RunIdentity& recorded, const RunIdentity& wanted);

}  // namespace zeus
