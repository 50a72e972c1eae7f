#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/job/job.h"
#include "zeus/optimizer/power_limit/limit_profiler.h"

namespace zeus {

/// Whether a run finds the best power limit without using it: it profiles and accounts, but trains at the maximum.
enum class ObserverMode { kOff, kOn };

/// The table [run] of a job file: how to run the job unless flags say otherwise. What it leaves out is absent.
struct RunSettings {
  std::optional<int64_t> recurrences;
  std::optional<double> eta;
  std::optional<double> beta;
  std::optional<uint64_t> seed;
  std::optional<std::string> batch_policy;
  std::optional<size_t> window;
  std::optional<ObserverMode> observer;
  std::optional<ProfileWindow> profile;
  std::optional<Seconds> timeout;  ///< Of one try.
};

/// A recurring training job and how to run it.
struct JobFile {
  Job job;                           ///< Its workdir is absolute.
  std::vector<int64_t> batch_sizes;  ///< Feasible ones, ascending; the default is among them.
  RunSettings run;
};

/// A job file's text (TOML in ASCII, docs/formats.md). `source` names it in errors, with line, column and key;
/// `folder` is the absolute folder that a workdir is relative to, and the workdir where the file names none. Unknown
/// keys, wrong types, impossible values, and a command that asks for a learning rate which cannot be told are
/// kInvalidData.
Result<JobFile> ParseJobFile(std::string_view text, std::string_view source, const std::filesystem::path& folder);

Result<JobFile> ReadJobFile(const std::filesystem::path& path);

}  // namespace zeus
