#include "services/node_daemon/command_overrides.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <regex>

#include "services/node_daemon/captured_command.h"
#include "zeus/base/shell_words.h"
#include "zeus/base/text_file.h"
#include "zeus/base/toml_table.h"

namespace zeus {
namespace {

using Words = std::vector<std::string>;
using Values = std::map<std::string, std::string, std::less<>>;

constexpr uint64_t kMostFileBytes = uint64_t{1} << 20;
constexpr int64_t kDefaultTimeoutSeconds = 60;
// std::regex recurses for each character.
constexpr size_t kMostLine = 4096;

/// What a pattern is looked for in, line by line.
class ErrorPattern {
 public:
  /// Throws std::regex_error. "(?i)" in front: whatever the case.
  explicit ErrorPattern(std::string text) : text_(std::move(text)) {
    constexpr std::string_view kAnyCase = "(?i)";
    const bool any_case = text_.starts_with(kAnyCase);
    auto flags = std::regex::ECMAScript;
    if (any_case) flags |= std::regex::icase;
    regex_.assign(text_.substr(any_case ? kAnyCase.size() : 0), flags);
  }

  [[nodiscard]] const std::string& text() const { return text_; }

  /// Also true where the pattern is too costly to tell.
  [[nodiscard]] bool Matches(std::string_view output) const {
    try {
      while (true) {
        const size_t end = output.find('\n');
        const std::string_view line = output.substr(0, std::min(end, kMostLine));
        if (std::regex_search(line.begin(), line.end(), regex_)) return true;
        if (end == std::string_view::npos) return false;
        output.remove_prefix(end + 1);
      }
    } catch (const std::regex_error&) {
      return true;
    }
  }

 private:
  std::string text_;
  std::regex regex_;
};

// What each operation's commands may ask for, with any value.
std::map<std::string, Values, std::less<>> Placeholders() {
  const Values clocks = {{"gpu_id", ""}, {"min_clock_mhz", ""}, {"max_clock_mhz", ""}};
  const Values id = {{"gpu_id", ""}};
  return {{"set_persistence_mode", {{"gpu_id", ""}, {"enabled", ""}}},
          {"set_power_limit", {{"gpu_id", ""}, {"power_limit_mw", ""}, {"power_limit_w", ""}}},
          {"set_gpu_locked_clocks", clocks},
          {"reset_gpu_locked_clocks", id},
          {"set_mem_locked_clocks", clocks},
          {"reset_mem_locked_clocks", id},
          {"reset_locked_clocks", id}};
}

Values ValuesOf(uint64_t gpu_id, const SettingChange& change) {
  constexpr int64_t kMilliwattsPerWatt = 1000;
  Values values = {{"gpu_id", std::to_string(gpu_id)}};
  if (const auto* const power = std::get_if<PowerLimitChange>(&change)) {
    const int64_t milliwatts = std::llround(power->limit.value() * kMilliwattsPerWatt);
    values["power_limit_mw"] = std::to_string(milliwatts);
    values["power_limit_w"] = std::to_string(milliwatts / kMilliwattsPerWatt);
  } else if (const auto* const persistence = std::get_if<PersistenceChange>(&change)) {
    values["enabled"] = persistence->mode == PersistenceMode::kOn ? "1" : "0";
  } else if (const auto* const lock = std::get_if<ClockLock>(&change)) {
    values["min_clock_mhz"] = std::to_string(std::llround(lock->range.minimum.value()));
    values["max_clock_mhz"] = std::to_string(std::llround(lock->range.maximum.value()));
  }
  return values;
}

// The word with its placeholders replaced; the error says what is wrong with them.
std::expected<std::string, std::string> Fill(std::string_view word, const Values& values) {
  constexpr std::string_view kBraces = "{}";
  std::string filled;
  for (std::string_view rest = word; !rest.empty();) {
    const size_t brace = std::min(rest.find_first_of(kBraces), rest.size());
    filled += rest.substr(0, brace);
    rest.remove_prefix(brace);
    if (rest.empty()) break;
    const size_t end = rest.find_first_of(kBraces, 1);
    if (rest.front() == '}' || end == std::string_view::npos || rest[end] == '{') {
      return std::unexpected(fmt::format("has an invalid placeholder in token '{}'", word));
    }
    const std::string_view name = rest.substr(1, end - 1);
    const auto value = values.find(name);
    if (value == values.end()) {
      return std::unexpected(fmt::format("has unknown placeholder '{}' in token '{}'", name, word));
    }
    filled += value->second;
    rest.remove_prefix(end + 1);
  }
  return filled;
}

std::string SignalName(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal: {}", signal) : fmt::format("signal: {} (SIG{})", signal, name);
}

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

// Why it counts as failed; empty: it does not.
std::string WhyFailed(const CapturedCommand& command, const std::optional<ErrorPattern>& pattern, int64_t timeout_s) {
  const std::string why = std::visit(
      Overloaded{
          [](const CommandExited& exit) { return exit.code == 0 ? "" : fmt::format("exited with code {}", exit.code); },
          [](const CommandSignalled& end) {
            return fmt::format("was terminated abnormally ({})", SignalName(end.signal));
          },
          [&](const CommandTimedOut&) { return fmt::format("timed out after {}s", timeout_s); },
          [](const CommandNotStarted& not_started) {
            return fmt::format("could not be spawned: {}", not_started.why);
          }},
      command.end);
  if (!why.empty() || !pattern) return why;
  if (pattern->Matches(command.output) || pattern->Matches(command.errors)) {
    return fmt::format("succeeded but its output matched error_pattern '{}'", pattern->text());
  }
  if (command.is_whole) return "";
  return "succeeded but its output could not be collected, so error_pattern could not be checked";
}

Result<void> CheckTrust(const std::filesystem::path& file, std::vector<std::string>& notes) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return {};  // Reading it tells.
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return Fail(ErrorCode::kPermissionDenied,
                fmt::format("{}: its owner, user {}, is neither root nor this one: its commands will not be run",
                            file.string(), status.st_uid));
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    return Fail(
        ErrorCode::kPermissionDenied,
        fmt::format("{}: everybody may write to it: its commands will not be run; chmod o-w it", file.string()));
  }
  if ((status.st_mode & S_IWGRP) != 0) notes.push_back(fmt::format("{}: its group may write to it", file.string()));
  return {};
}

}  // namespace

struct CommandOverrides::Override {
  std::vector<Words> commands;
  std::optional<ErrorPattern> error_pattern;
  int64_t timeout_s = kDefaultTimeoutSeconds;

  static Result<std::unique_ptr<Override>> Take(const std::string& operation, const Values& placeholders,
                                                TomlTable& table);
};

Result<std::unique_ptr<CommandOverrides::Override>> CommandOverrides::Override::Take(const std::string& operation,
                                                                                     const Values& placeholders,
                                                                                     TomlTable& table) {
  auto taken = std::make_unique<Override>();
  const auto wrong = [&](std::string_view key, std::string_view what) {
    return table.Wrong(key, fmt::format("Operation '{}' {}", operation, what));
  };
  ZEUS_ASSIGN_OR_RETURN(const Words lines, NeedKey(table, "commands", table.TakeTexts("commands")));
  if (lines.empty()) return wrong("commands", "has an empty commands array");
  for (const std::string& line : lines) {
    Result<Words> words = SplitShellWords(line);
    if (!words) return wrong("commands", fmt::format("has a command that cannot be split: {}", words.error().message));
    if (words->empty()) return wrong("commands", "has a command that splits to zero tokens");
    for (const std::string& word : *words) {
      const auto filled = Fill(word, placeholders);
      if (!filled) return wrong("commands", filled.error());
    }
    taken->commands.push_back(*std::move(words));
  }
  ZEUS_ASSIGN_OR_RETURN(const std::optional<std::string> pattern, table.TakeText("error_pattern"));
  if (pattern) {
    try {
      taken->error_pattern.emplace(*pattern);
    } catch (const std::regex_error&) {
      return wrong("error_pattern", fmt::format("has invalid error_pattern '{}'", *pattern));
    }
  }
  ZEUS_ASSIGN_OR_RETURN(const std::optional<int64_t> timeout, table.TakeCount("timeout_s", 0));
  if (timeout == 0) return wrong("timeout_s", "has timeout_s = 0, which would kill every command immediately");
  constexpr int64_t kMostSeconds = 1'000'000;
  taken->timeout_s = std::min(timeout.value_or(kDefaultTimeoutSeconds), kMostSeconds);
  ZEUS_RETURN_IF_ERROR(table.CheckNothingElse());
  return taken;
}

CommandOverrides::CommandOverrides() = default;
CommandOverrides::CommandOverrides(CommandOverrides&&) noexcept = default;
CommandOverrides& CommandOverrides::operator=(CommandOverrides&&) noexcept = default;
CommandOverrides::~CommandOverrides() = default;

Result<CommandOverrides> CommandOverrides::Read(const std::filesystem::path& file, std::vector<std::string>& notes) {
  ZEUS_RETURN_IF_ERROR(CheckTrust(file, notes));
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMostFileBytes));
  return Parse(text, file.string());
}

Result<CommandOverrides> CommandOverrides::Parse(std::string_view text, std::string_view source) {
  ZEUS_ASSIGN_OR_RETURN(const toml::table document, ParseToml(text, source));
  TomlTable tables(document, source, "");
  CommandOverrides overrides;
  for (const auto& [operation, placeholders] : Placeholders()) {
    ZEUS_ASSIGN_OR_RETURN(std::optional<TomlTable> table, tables.TakeTable(operation));
    if (!table) continue;
    ZEUS_ASSIGN_OR_RETURN(auto taken, Override::Take(operation, placeholders, *table));
    overrides.by_operation_.emplace(operation, std::move(taken));
  }
  ZEUS_RETURN_IF_ERROR(tables.CheckNothingElse());
  return overrides;
}

std::optional<Result<void>> CommandOverrides::Run(uint64_t gpu_id, const SettingChange& change) const {
  const auto found = by_operation_.find(OperationName(change));
  if (found == by_operation_.end()) return std::nullopt;
  const Override& override = *found->second;
  const Values values = ValuesOf(gpu_id, change);
  for (const Words& command : override.commands) {
    Words words;
    for (const std::string& word : command) words.push_back(*Fill(word, values));
    const CapturedCommand ran = RunCaptured(words, Seconds(static_cast<double>(override.timeout_s)));
    const std::string why = WhyFailed(ran, override.error_pattern, override.timeout_s);
    if (why.empty()) continue;
    return Fail(ErrorCode::kUnavailable, fmt::format("Override command failed: command '{}' {}; stdout: {}; stderr: {}",
                                                     JoinShellWords(words), why, ran.output, ran.errors));
  }
  return Result<void>();
}

}  // namespace zeus
