#include "zeus/base/line_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace zeus {
namespace {

std::unexpected<Error> FailWithErrno(const std::filesystem::path& path, std::string_view action) {
  const int error = errno;
  ErrorCode code = ErrorCode::kUnavailable;
  if (error == ENOENT || error == ENOTDIR) code = ErrorCode::kNotFound;
  if (error == EACCES || error == EPERM || error == EROFS) code = ErrorCode::kPermissionDenied;
  if (error == EISDIR) code = ErrorCode::kInvalidArgument;
  return Fail(code, fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(error)));
}

}  // namespace

Result<LineFile> LineFile::Create(const std::filesystem::path& path) {
  constexpr mode_t kReadableByAll = 0666;
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, kReadableByAll));
  if (!fd.valid()) return FailWithErrno(path, "create");
  return LineFile(path, std::move(fd));
}

Result<void> LineFile::Append(std::string_view lines) {
  size_t written = 0;
  while (written < lines.size()) {
    const ssize_t got = ::write(fd_.get(), lines.data() + written, lines.size() - written);
    if (got >= 0) {
      written += static_cast<size_t>(got);
      continue;
    }
    if (errno == EINTR) continue;
    auto error = FailWithErrno(path_, "write");
    // The lines that fit may stay. A pipe or a device cannot be cut, and what went into one is gone anyway.
    const size_t whole = written == 0 ? 0 : lines.rfind('\n', written - 1) + 1;
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_ + whole)) == 0) size_ += whole;
    return error;
  }
  size_ += written;
  return {};
}

}  // namespace zeus
