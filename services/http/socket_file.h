#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "zeus/base/result.h"

/// The file that a Unix socket is known by.
namespace zeus::http {

/// Who may connect. What is absent stays as bind(2) makes it.
struct SocketAccess {
  std::optional<mode_t> permissions;
  std::optional<uid_t> owner;
  std::optional<gid_t> group;
};

/// Removes a socket that a dead server left. kUnavailable where somebody answers on it, where it is no socket, and
/// where nobody can tell.
Result<void> ClearSocketFile(const std::filesystem::path& file);

/// For one that is bound and does not listen yet: nobody gets in before.
Result<void> SetSocketAccess(const std::filesystem::path& file, const SocketAccess& access);

}  // namespace zeus::http
