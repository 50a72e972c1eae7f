#include "zeus/training/session_options.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "zeus/base/number_text.h"
#include "zeus/job/cost.h"

namespace zeus {
namespace {

/// Reads variables one after another, and keeps the first error.
class Variables {
 public:
  explicit Variables(const EnvironmentReader& environment) : environment_(environment) {}

  /// Calls `read` with the value of a variable that is there.
  template <class Read>
  void Take(const char* name, Read read) {
    const std::optional<std::string> value = environment_(name);
    if (!value || failure_) return;
    if (const std::optional<std::string> expected = read(*value)) {
      failure_ =
          Error{ErrorCode::kInvalidArgument, fmt::format("{}: expected {}, found \"{}\"", name, *expected, *value)};
    }
  }

  void Fail(std::string message) {
    if (!failure_) failure_ = Error{ErrorCode::kInvalidArgument, std::move(message)};
  }

  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  const EnvironmentReader& environment_;
  std::optional<Error> failure_;
};

// What a variable should have been; nothing when it was that.
using Expected = std::optional<std::string>;

std::optional<bool> ParseBoolean(std::string_view text) {
  std::string lower;
  for (const char c : text) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower == "true") return true;
  if (lower == "false") return false;
  return std::nullopt;
}

std::optional<ProfileWindow> ParseWindow(std::string_view text) {
  const size_t comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::optional<int64_t> warmup = ParseInteger(text.substr(0, comma));
  const std::optional<int64_t> measure = ParseInteger(text.substr(comma + 1));
  if (!warmup || !measure || *warmup < 1 || *measure < 1) return std::nullopt;
  return ProfileWindow{.warmup = *warmup, .measure = *measure};
}

}  // namespace

Result<SessionOptions> SessionOptions::FromEnvironment(const EnvironmentReader& environment) {
  SessionOptions options;
  Variables variables(environment);
  if (!environment("ZEUS_TARGET_METRIC")) {
    variables.Fail("ZEUS_TARGET_METRIC is missing: the validation metric at which training has reached its target");
  }
  variables.Take("ZEUS_TARGET_METRIC", [&](const std::string& text) -> Expected {
    const std::optional<double> value = ParseDouble(text);
    if (!value || !std::isfinite(*value)) return "a number";
    options.target_metric = *value;
    return std::nullopt;
  });
  variables.Take("ZEUS_LOG_DIR", [&](const std::string& text) -> Expected {
    if (text.empty()) return "a folder";
    options.log_dir = text;
    return std::nullopt;
  });
  variables.Take("ZEUS_JOB_ID", [&](const std::string& text) -> Expected {
    if (text.empty() || text.find('/') != std::string::npos) return "a name without \"/\"";
    options.job_id = text;
    return std::nullopt;
  });
  variables.Take("ZEUS_COST_THRESH", [&](const std::string& text) -> Expected {
    const std::optional<double> value = ParseDouble(text);
    if (!value || !(*value > 0)) return "joules above 0, or inf";
    options.cost_threshold = Joules(*value);
    return std::nullopt;
  });
  variables.Take("ZEUS_ETA_KNOB", [&](const std::string& text) -> Expected {
    const std::optional<double> value = ParseDouble(text);
    if (!value || !ValidateEta(*value)) return "a number from 0 to 1";
    options.eta = *value;
    return std::nullopt;
  });
  variables.Take("ZEUS_MONITOR_PATH", [&](const std::string& text) -> Expected {
    options.monitor = text;
    return std::nullopt;
  });
  variables.Take("ZEUS_PROFILE_PARAMS", [&](const std::string& text) -> Expected {
    const std::optional<ProfileWindow> window = ParseWindow(text);
    if (!window) return "iterations of warm-up and measured ones such as 10,40, each 1 or more";
    options.profile_window = *window;
    return std::nullopt;
  });
  variables.Take("ZEUS_USE_OPTIMAL_PL", [&](const std::string& text) -> Expected {
    const std::optional<bool> value = ParseBoolean(text);
    if (!value) return "true or false";
    options.limit_use = *value ? LimitUse::kOptimal : LimitUse::kMaximum;
    return std::nullopt;
  });
  if (variables.failure()) return std::unexpected(*variables.failure());
  return options;
}

}  // namespace zeus
