#include "zeus/launcher/job_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "zeus/base/text_file.h"
#include "zeus/base/toml_table.h"
#include "zeus/job/command_template.h"
#include "zeus/job/cost.h"
#include "zeus/job/knobs.h"

namespace zeus {
namespace {

constexpr uint64_t kMaxJobFileBytes = uint64_t{1} << 20;
constexpr double kLongestTimeoutSeconds = 1e9;

Result<JobIdentity> ReadIdentity(TomlTable& reader, const std::filesystem::path& folder) {
  JobIdentity job;
  const auto text = [&](std::string_view key) { return NeedKey(reader, key, reader.TakeText(key)); };
  ZEUS_ASSIGN_OR_RETURN(job.workload.dataset, text("dataset"));
  ZEUS_ASSIGN_OR_RETURN(job.workload.network, text("network"));
  ZEUS_ASSIGN_OR_RETURN(job.workload.optimizer, text("optimizer"));
  ZEUS_ASSIGN_OR_RETURN(job.target_metric, NeedKey(reader, "target_metric", reader.TakeNumber("target_metric")));
  if (!std::isfinite(job.target_metric)) return reader.Wrong("target_metric", "expected a finite number");
  ZEUS_ASSIGN_OR_RETURN(job.max_epochs, NeedKey(reader, "max_epochs", reader.TakeCount("max_epochs", 1)));
  ZEUS_ASSIGN_OR_RETURN(job.default_batch_size,
                        NeedKey(reader, "default_batch_size", reader.TakeCount("default_batch_size", 1)));
  ZEUS_ASSIGN_OR_RETURN(job.default_learning_rate, reader.TakeNumber("default_learning_rate"));
  if (job.default_learning_rate && !(std::isfinite(*job.default_learning_rate) && *job.default_learning_rate > 0))
    return reader.Wrong("default_learning_rate", "expected a number above 0");
  ZEUS_ASSIGN_OR_RETURN(const std::optional<std::string> workdir, reader.TakeText("workdir"));
  job.workdir = (folder / workdir.value_or("")).lexically_normal().string();
  if (job.workdir.size() > 1 && job.workdir.ends_with('/')) job.workdir.pop_back();
  return job;
}

Result<std::vector<int64_t>> ReadBatchSizes(TomlTable& reader, int64_t default_batch_size) {
  constexpr std::string_view kKey = "batch_sizes";
  ZEUS_ASSIGN_OR_RETURN(std::vector<int64_t> batch_sizes, NeedKey(reader, kKey, reader.TakeCounts(kKey, 1)));
  const Result<KnobSpace> space = KnobSpace::OfBatchSizes(batch_sizes);
  if (!space) return reader.Wrong(kKey, space.error().message);
  if (!space->Find(default_batch_size)) {
    return reader.Wrong(kKey, fmt::format("the default batch size {} is not among them", default_batch_size));
  }
  return space->batch_sizes();
}

Result<std::vector<std::string>> ReadCommand(TomlTable& reader, const JobIdentity& identity) {
  constexpr std::string_view kKey = "command";
  ZEUS_ASSIGN_OR_RETURN(std::vector<std::string> command, NeedKey(reader, kKey, reader.TakeTexts(kKey)));
  if (command.empty() || command.front().empty()) {
    return reader.Wrong(kKey, "expected a program and its arguments, found nothing to run");
  }
  // TOML writes a NUL byte as \u0000; no command line can hold one.
  for (const std::string& word : command) {
    if (word.find('\0') != std::string::npos) return reader.Wrong(kKey, "an argument holds a NUL byte");
  }
  // Whether it can be filled in is known now; a run would tell at its first try.
  const Result<std::vector<std::string>> filled =
      FillCommand({.identity = identity, .command = command}, {.batch_size = identity.default_batch_size});
  if (!filled) return reader.Wrong(kKey, filled.error().message);
  return command;
}

Result<std::optional<ProfileWindow>> ReadProfile(TomlTable& reader) {
  ZEUS_ASSIGN_OR_RETURN(const std::optional<std::vector<int64_t>> counts, reader.TakeCounts("profile", 1));
  if (!counts) return std::nullopt;
  if (counts->size() != 2) return reader.Wrong("profile", "expected two counts of batches: [warm-up, measured]");
  return ProfileWindow{.warmup = (*counts)[0], .measure = (*counts)[1]};
}

Result<RunSettings> ReadRun(TomlTable reader) {
  RunSettings run;
  ZEUS_ASSIGN_OR_RETURN(run.recurrences, reader.TakeCount("recurrences", 1));
  ZEUS_ASSIGN_OR_RETURN(run.eta, reader.TakeNumber("eta"));
  if (run.eta) {
    if (const Result<void> valid = ValidateEta(*run.eta); !valid) return reader.Wrong("eta", valid.error().message);
  }
  ZEUS_ASSIGN_OR_RETURN(run.beta, reader.TakeNumber("beta"));
  if (run.beta) {
    if (const Result<void> valid = ValidateBeta(*run.beta); !valid) return reader.Wrong("beta", valid.error().message);
  }
  ZEUS_ASSIGN_OR_RETURN(const std::optional<int64_t> seed, reader.TakeCount("seed", 0));
  if (seed) run.seed = static_cast<uint64_t>(*seed);
  ZEUS_ASSIGN_OR_RETURN(run.batch_policy, reader.TakeText("batch_policy"));
  ZEUS_ASSIGN_OR_RETURN(const std::optional<int64_t> window, reader.TakeCount("window", 0));
  if (window) run.window = static_cast<size_t>(*window);
  ZEUS_ASSIGN_OR_RETURN(const std::optional<bool> observer, reader.TakeFlag("observer"));
  if (observer) run.observer = *observer ? ObserverMode::kOn : ObserverMode::kOff;
  ZEUS_ASSIGN_OR_RETURN(run.profile, ReadProfile(reader));
  ZEUS_ASSIGN_OR_RETURN(const std::optional<double> timeout, reader.TakeNumber("timeout"));
  if (timeout && !(*timeout > 0 && *timeout <= kLongestTimeoutSeconds)) {
    return reader.Wrong("timeout", fmt::format("expected seconds above 0, up to {}", kLongestTimeoutSeconds));
  }
  if (timeout) run.timeout = Seconds(*timeout);
  ZEUS_RETURN_IF_ERROR(reader.CheckNothingElse());
  return run;
}

Result<JobFile> ReadJob(const toml::table& table, std::string_view source, const std::filesystem::path& folder) {
  TomlTable reader(table, source, "");
  JobFile file;
  ZEUS_ASSIGN_OR_RETURN(file.job.identity, ReadIdentity(reader, folder));
  ZEUS_ASSIGN_OR_RETURN(file.batch_sizes, ReadBatchSizes(reader, file.job.identity.default_batch_size));
  ZEUS_ASSIGN_OR_RETURN(file.job.command, ReadCommand(reader, file.job.identity));
  ZEUS_ASSIGN_OR_RETURN(std::optional<TomlTable> run, reader.TakeTable("run"));
  if (run) {
    ZEUS_ASSIGN_OR_RETURN(file.run, ReadRun(*std::move(run)));
  }
  ZEUS_RETURN_IF_ERROR(reader.CheckNothingElse());
  return file;
}

}  // namespace

Result<JobFile> ParseJobFile(std::string_view text, std::string_view source, const std::filesystem::path& folder) {
  ZEUS_ASSIGN_OR_RETURN(const toml::table table, ParseToml(text, source));
  return ReadJob(table, source, folder);
}

Result<JobFile> ReadJobFile(const std::filesystem::path& path) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxJobFileBytes));
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::absolute(path, error).parent_path();
  return ParseJobFile(text, path.string(), folder);
}

}  // namespace zeus
