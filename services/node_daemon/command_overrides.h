#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/node_daemon/setting_change.h"
#include "zeus/base/result.h"

namespace zeus {

/// Commands that change settings in the place of the GPUs' library: for cards and sites where that is done another way.
/// Thread-safe.
class CommandOverrides {
 public:
  /// None.
  CommandOverrides();
  CommandOverrides(CommandOverrides&&) noexcept;
  CommandOverrides& operator=(CommandOverrides&&) noexcept;
  ~CommandOverrides();

  /// A TOML file with a table for each operation. kInvalidData names the place; kPermissionDenied for a file that
  /// others than root or this user own, or that everybody may write: what is in it will be run. `notes` get what is
  /// doubtful.
  static Result<CommandOverrides> Read(const std::filesystem::path& file, std::vector<std::string>& notes);
  static Result<CommandOverrides> Parse(std::string_view text, std::string_view source);

  [[nodiscard]] bool empty() const { return by_operation_.empty(); }

  /// Runs the operation's commands one after the other, to the first that fails; nothing where there are none. The
  /// error is kUnavailable, in the published words.
  [[nodiscard]] std::optional<Result<void>> Run(uint64_t gpu_id, const SettingChange& change) const;

 private:
  struct Override;

  std::map<std::string, std::unique_ptr<Override>, std::less<>> by_operation_;
};

}  // namespace zeus
