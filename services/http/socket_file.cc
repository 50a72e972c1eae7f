#include "services/http/socket_file.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "zeus/base/unique_fd.h"

namespace zeus::http {
namespace {

std::unexpected<Error> CannotListen(const std::filesystem::path& file, std::string_view why) {
  return Fail(ErrorCode::kUnavailable, fmt::format("cannot listen on {}: {}", file.string(), why));
}

// 0, or errno. Precondition: the path fits.
int Connect(const std::filesystem::path& file) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, file.c_str(), file.native().size());
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
}

}  // namespace

Result<void> ClearSocketFile(const std::filesystem::path& file) {
  struct stat status{};
  if (::lstat(file.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) return CannotListen(file, "Socket path is occupied by a non-socket file");
  const int error = Connect(file);
  // EAGAIN: its queue of those who wait is full.
  if (error == 0 || error == EAGAIN) return CannotListen(file, "Socket is in use by another process");
  if (error != ECONNREFUSED) {
    return CannotListen(file, fmt::format("Socket file already exists: {}", std::strerror(error)));
  }
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return CannotListen(file, std::strerror(errno));
  return {};
}

Result<void> SetSocketAccess(const std::filesystem::path& file, const SocketAccess& access) {
  constexpr auto kUnchanged = static_cast<uid_t>(-1);
  if (access.permissions && ::chmod(file.c_str(), *access.permissions) != 0) {
    return CannotListen(file, fmt::format("chmod: {}", std::strerror(errno)));
  }
  if (!access.owner && !access.group) return {};
  if (::chown(file.c_str(), access.owner.value_or(kUnchanged), access.group.value_or(kUnchanged)) != 0) {
    return CannotListen(file, fmt::format("chown: {}", std::strerror(errno)));
  }
  return {};
}

}  // namespace zeus::http
