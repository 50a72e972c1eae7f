#include "zeus/launcher/job_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "zeus/base/text_file.h"
#include "zeus/job/command_template.h"
#include "zeus/job/cost.h"
#include "zeus/job/knobs.h"

namespace zeus {
namespace {

constexpr uint64_t kMaxJobFileBytes = uint64_t{1} << 20;
constexpr double kLongestTimeoutSeconds = 1e9;

/// Takes the keys of a table and knows which nobody asked for. Every Take gives nullopt where the key is absent.
class TableReader {
 public:
  TableReader(const toml::table& table, std::string_view source, std::string prefix)
      : table_(table), source_(source), prefix_(std::move(prefix)) {}

  [[nodiscard]] std::unexpected<Error> Wrong(std::string_view key, std::string_view problem) const {
    const toml::node* const node = table_.get(key);
    return node == nullptr ? Fail(ErrorCode::kInvalidData, fmt::format("{}: {}{}: {}", source_, prefix_, key, problem))
                           : WrongNode(*node, key, problem);
  }

  [[nodiscard]] std::unexpected<Error> WrongNode(const toml::node& node, std::string_view key,
                                                 std::string_view problem) const {
    const toml::source_position place = node.source().begin;
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}:{}:{}: {}{}: {}", source_, place.line, place.column, prefix_, key, problem));
  }

  Result<std::optional<std::string>> TakeText(std::string_view key) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return std::nullopt;
    const auto text = node->value_exact<std::string>();
    if (!text || text->empty()) return WrongNode(*node, key, Expected("a text that is not empty", *node));
    return *text;
  }

  Result<std::optional<double>> TakeNumber(std::string_view key) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return std::nullopt;
    // A whole number is a number, too.
    const auto number = node->is_number() ? node->value<double>() : std::nullopt;
    if (!number) return WrongNode(*node, key, Expected("a number", *node));
    return *number;
  }

  Result<std::optional<int64_t>> TakeCount(std::string_view key, int64_t lowest) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return std::nullopt;
    ZEUS_ASSIGN_OR_RETURN(const int64_t count, CountOf(*node, key, lowest));
    return count;
  }

  Result<std::optional<bool>> TakeFlag(std::string_view key) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return std::nullopt;
    const auto flag = node->value_exact<bool>();
    if (!flag) return WrongNode(*node, key, Expected("true or false", *node));
    return *flag;
  }

  Result<std::optional<std::vector<int64_t>>> TakeCounts(std::string_view key, int64_t lowest) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return std::nullopt;
    const toml::array* const array = node->as_array();
    if (array == nullptr) return WrongNode(*node, key, Expected("a list of whole numbers", *node));
    std::vector<int64_t> counts;
    for (const toml::node& element : *array) {
      ZEUS_ASSIGN_OR_RETURN(const int64_t count, CountOf(element, key, lowest));
      counts.push_back(count);
    }
    return counts;
  }

  Result<std::optional<std::vector<std::string>>> TakeTexts(std::string_view key) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return std::nullopt;
    const toml::array* const array = node->as_array();
    if (array == nullptr) return WrongNode(*node, key, Expected("a list of texts", *node));
    std::vector<std::string> texts;
    for (const toml::node& element : *array) {
      const auto text = element.value_exact<std::string>();
      if (!text) return WrongNode(element, key, Expected("a list of texts", element));
      texts.push_back(*text);
    }
    return texts;
  }

  Result<std::optional<TableReader>> TakeTable(std::string_view key) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return std::nullopt;
    const toml::table* const table = node->as_table();
    if (table == nullptr) return WrongNode(*node, key, Expected(fmt::format("a table, begun by [{}]", key), *node));
    return TableReader(*table, source_, fmt::format("{}{}.", prefix_, key));
  }

  /// An error for the first key, in the order of the file, that was never asked for.
  [[nodiscard]] Result<void> CheckNothingElse() const {
    const toml::key* first = nullptr;
    for (const auto& [key, node] : table_) {
      if (known_.contains(std::string(key.str()))) continue;
      if (first == nullptr || key.source().begin < first->source().begin) first = &key;
    }
    if (first == nullptr) return {};
    const toml::source_position place = first->source().begin;
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}:{}:{}: {}{}: there is no such key; there are: {}", source_, place.line, place.column,
                            prefix_, first->str(), fmt::join(known_, ", ")));
  }

 private:
  [[nodiscard]] const toml::node* Take(std::string_view key) {
    known_.emplace(key);
    return table_.get(key);
  }

  static std::string Expected(std::string_view what, const toml::node& node) {
    std::string_view found;
    switch (node.type()) {
      case toml::node_type::table:
        found = "a table";
        break;
      case toml::node_type::array:
        found = "a list";
        break;
      case toml::node_type::string:
        found = "a text";
        break;
      case toml::node_type::integer:
        found = "a whole number";
        break;
      case toml::node_type::floating_point:
        found = "a number with a decimal point";
        break;
      case toml::node_type::boolean:
        found = "true or false";
        break;
      default:
        found = "a date or time";
        break;
    }
    if (const auto* const text = node.as_string(); text != nullptr && text->get().empty()) found = "an empty text";
    return fmt::format("expected {}, found {}", what, found);
  }

  [[nodiscard]] Result<int64_t> CountOf(const toml::node& node, std::string_view key, int64_t lowest) const {
    const auto number = node.value_exact<int64_t>();
    if (!number) return WrongNode(node, key, Expected("a whole number", node));
    if (*number < lowest)
      return WrongNode(node, key, fmt::format("expected a whole number from {} on, found {}", lowest, *number));
    return *number;
  }

  const toml::table& table_;
  std::string source_;
  std::string prefix_;
  std::set<std::string> known_;
};

constexpr std::string_view kMissing = "is missing";

/// What a Take gave, or an error for a key that has to be there.
template <class Value>
Result<Value> Need(const TableReader& reader, std::string_view key, Result<std::optional<Value>> taken) {
  if (!taken) return std::unexpected(std::move(taken).error());
  if (!*taken) return reader.Wrong(key, kMissing);
  return **std::move(taken);
}

Result<JobIdentity> ReadIdentity(TableReader& reader, const std::filesystem::path& folder) {
  JobIdentity job;
  const auto text = [&](std::string_view key) { return Need(reader, key, reader.TakeText(key)); };
  ZEUS_ASSIGN_OR_RETURN(job.workload.dataset, text("dataset"));
  ZEUS_ASSIGN_OR_RETURN(job.workload.network, text("network"));
  ZEUS_ASSIGN_OR_RETURN(job.workload.optimizer, text("optimizer"));
  ZEUS_ASSIGN_OR_RETURN(job.target_metric, Need(reader, "target_metric", reader.TakeNumber("target_metric")));
  if (!std::isfinite(job.target_metric)) return reader.Wrong("target_metric", "expected a finite number");
  ZEUS_ASSIGN_OR_RETURN(job.max_epochs, Need(reader, "max_epochs", reader.TakeCount("max_epochs", 1)));
  ZEUS_ASSIGN_OR_RETURN(job.default_batch_size,
                        Need(reader, "default_batch_size", reader.TakeCount("default_batch_size", 1)));
  ZEUS_ASSIGN_OR_RETURN(job.default_learning_rate, reader.TakeNumber("default_learning_rate"));
  if (job.default_learning_rate && !(std::isfinite(*job.default_learning_rate) && *job.default_learning_rate > 0))
    return reader.Wrong("default_learning_rate", "expected a number above 0");
  ZEUS_ASSIGN_OR_RETURN(const std::optional<std::string> workdir, reader.TakeText("workdir"));
  job.workdir = (folder / workdir.value_or("")).lexically_normal().string();
  if (job.workdir.size() > 1 && job.workdir.ends_with('/')) job.workdir.pop_back();
  return job;
}

Result<std::vector<int64_t>> ReadBatchSizes(TableReader& reader, int64_t default_batch_size) {
  constexpr std::string_view kKey = "batch_sizes";
  ZEUS_ASSIGN_OR_RETURN(std::vector<int64_t> batch_sizes, Need(reader, kKey, reader.TakeCounts(kKey, 1)));
  const Result<KnobSpace> space = KnobSpace::OfBatchSizes(batch_sizes);
  if (!space) return reader.Wrong(kKey, space.error().message);
  if (!space->Find(default_batch_size)) {
    return reader.Wrong(kKey, fmt::format("the default batch size {} is not among them", default_batch_size));
  }
  return space->batch_sizes();
}

Result<std::vector<std::string>> ReadCommand(TableReader& reader, const JobIdentity& identity) {
  constexpr std::string_view kKey = "command";
  ZEUS_ASSIGN_OR_RETURN(std::vector<std::string> command, Need(reader, kKey, reader.TakeTexts(kKey)));
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

Result<std::optional<ProfileWindow>> ReadProfile(TableReader& reader) {
  ZEUS_ASSIGN_OR_RETURN(const std::optional<std::vector<int64_t>> counts, reader.TakeCounts("profile", 1));
  if (!counts) return std::nullopt;
  if (counts->size() != 2) return reader.Wrong("profile", "expected two counts of batches: [warm-up, measured]");
  return ProfileWindow{.warmup = (*counts)[0], .measure = (*counts)[1]};
}

Result<RunSettings> ReadRun(TableReader reader) {
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
  TableReader reader(table, source, "");
  JobFile file;
  ZEUS_ASSIGN_OR_RETURN(file.job.identity, ReadIdentity(reader, folder));
  ZEUS_ASSIGN_OR_RETURN(file.batch_sizes, ReadBatchSizes(reader, file.job.identity.default_batch_size));
  ZEUS_ASSIGN_OR_RETURN(file.job.command, ReadCommand(reader, file.job.identity));
  ZEUS_ASSIGN_OR_RETURN(std::optional<TableReader> run, reader.TakeTable("run"));
  if (run) {
    ZEUS_ASSIGN_OR_RETURN(file.run, ReadRun(*std::move(run)));
  }
  ZEUS_RETURN_IF_ERROR(reader.CheckNothingElse());
  return file;
}

// toml++ 3.3 runs into undefined behaviour on some letters beyond ASCII. A text that needs one can write \u00e9.
Result<void> CheckAscii(std::string_view text, std::string_view source) {
  const auto foreign = std::ranges::find_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (foreign == text.end()) return {};
  const std::string_view before(text.begin(), foreign);
  const size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  return Fail(ErrorCode::kInvalidData,
              fmt::format("{}:{}:{}: expected ASCII alone", source, 1 + std::ranges::count(before, '\n'), column));
}

}  // namespace

Result<JobFile> ParseJobFile(std::string_view text, std::string_view source, const std::filesystem::path& folder) {
  ZEUS_RETURN_IF_ERROR(CheckAscii(text, source));
  // toml++ throws; nothing of ours does.
  try {
    const toml::table table = toml::parse(text, source);
    return ReadJob(table, source, folder);
  } catch (const toml::parse_error& error) {
    const toml::source_position place = error.source().begin;
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}:{}:{}: {}", source, place.line, place.column, error.description()));
  }
}

Result<JobFile> ReadJobFile(const std::filesystem::path& path) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxJobFileBytes));
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::absolute(path, error).parent_path();
  return ParseJobFile(text, path.string(), folder);
}

}  // namespace zeus
