#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "zeus/base/result.h"

namespace zeus {

/// What `zeus serve` can be told; by flags first, then by the environment, then by a file.
struct ServeSettings {
  std::optional<std::string> listen;
  std::optional<std::string> socket;
  std::optional<std::string> database;
  std::optional<std::string> log_level;
  std::optional<double> lease_s;
  std::optional<double> requests_per_second;
  std::optional<std::string> signing_key_path;
  std::optional<bool> allow_unauthenticated;
};

/// A TOML file with the members' names as keys. kInvalidData naming file, line and key.
Result<ServeSettings> ReadServeSettings(const std::filesystem::path& file);

/// The published server's variables: ZEUS_BSO_DATABASE_URL, ZEUS_BSO_LOG_LEVEL. As there, a level of another name is
/// "info".
ServeSettings EnvironmentServeSettings();

/// Sets what is absent to what `others` say.
void Complete(ServeSettings* settings, const ServeSettings& others);

}  // namespace zeus
