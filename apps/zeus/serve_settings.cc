#include "apps/zeus/serve_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "apps/zeus/serve_log.h"
#include "zeus/base/text_file.h"
#include "zeus/base/toml_table.h"
#include "zeus/http_client/address.h"

namespace zeus {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 20;

Result<void> CheckLevel(const TomlTable& table, const std::optional<std::string>& level) {
  if (!level || std::ranges::find(kLogLevels, *level) != kLogLevels.end()) return {};
  return table.Wrong("log_level", fmt::format("expected one of {}, found \"{}\"", fmt::join(kLogLevels, ", "), *level));
}

Result<void> CheckAtLeast(const TomlTable& table, std::string_view key, const std::optional<double>& value,
                          double lowest) {
  constexpr double kMost = 1e9;
  if (!value || (*value >= lowest && *value <= kMost)) return {};
  return table.Wrong(key, fmt::format("expected a number from {} to {}", lowest, kMost));
}

template <class T>
void Fill(std::optional<T>* value, const std::optional<T>& other) {
  if (!*value) *value = other;
}

}  // namespace

Result<ServeSettings> ReadServeSettings(const std::filesystem::path& file) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMostBytes));
  ZEUS_ASSIGN_OR_RETURN(const toml::table document, ParseToml(text, file.string()));
  TomlTable table(document, file.string(), "");
  ServeSettings settings;
  ZEUS_ASSIGN_OR_RETURN(settings.listen, table.TakeText("listen"));
  if (settings.listen) {
    const Result<http::TcpAddress> address = http::ParseHostPort(*settings.listen);
    if (!address) return table.Wrong("listen", address.error().message);
  }
  ZEUS_ASSIGN_OR_RETURN(settings.socket, table.TakeText("socket"));
  ZEUS_ASSIGN_OR_RETURN(settings.database, table.TakeText("database"));
  ZEUS_ASSIGN_OR_RETURN(settings.log_level, table.TakeText("log_level"));
  ZEUS_RETURN_IF_ERROR(CheckLevel(table, settings.log_level));
  ZEUS_ASSIGN_OR_RETURN(settings.lease_s, table.TakeNumber("lease_s"));
  ZEUS_RETURN_IF_ERROR(CheckAtLeast(table, "lease_s", settings.lease_s, 0));
  ZEUS_ASSIGN_OR_RETURN(settings.requests_per_second, table.TakeNumber("requests_per_second"));
  ZEUS_RETURN_IF_ERROR(CheckAtLeast(table, "requests_per_second", settings.requests_per_second, 1));
  ZEUS_ASSIGN_OR_RETURN(settings.signing_key_path, table.TakeText("signing_key_path"));
  ZEUS_ASSIGN_OR_RETURN(settings.allow_unauthenticated, table.TakeFlag("allow_unauthenticated"));
  ZEUS_RETURN_IF_ERROR(table.CheckNothingElse());
  return settings;
}

ServeSettings EnvironmentServeSettings() {
  ServeSettings settings;
  const char* const database = std::getenv("ZEUS_BSO_DATABASE_URL");
  if (database != nullptr && *database != '\0') settings.database = database;
  const char* const level = std::getenv("ZEUS_BSO_LOG_LEVEL");
  if (level == nullptr || *level == '\0') return settings;
  constexpr std::array<std::pair<std::string_view, const char*>, 5> kPublished = {
      {{"NOTSET", "debug"}, {"DEBUG", "debug"}, {"WARN", "warning"}, {"ERROR", "error"}, {"CRITICAL", "error"}}};
  const auto* const found = std::ranges::find(kPublished, level, [](const auto& each) { return each.first; });
  settings.log_level = found == kPublished.end() ? "info" : found->second;
  return settings;
}

void Complete(ServeSettings* settings, const ServeSettings& others) {
  Fill(&settings->listen, others.listen);
  Fill(&settings->socket, others.socket);
  Fill(&settings->database, others.database);
  Fill(&settings->log_level, others.log_level);
  Fill(&settings->lease_s, others.lease_s);
  Fill(&settings->requests_per_second, others.requests_per_second);
  Fill(&settings->signing_key_path, others.signing_key_path);
  Fill(&settings->allow_unauthenticated, others.allow_unauthenticated);
}

}  // namespace zeus
