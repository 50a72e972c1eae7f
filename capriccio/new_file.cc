#include "capriccio/new_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace zeus::capriccio {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

// Whether the file that is open is the one of that name: another process may have put it in place in between.
bool IsStillAt(int fd, const std::filesystem::path& path) {
  struct stat open_file{};
  struct stat named_file{};
  return ::fstat(fd, &open_file) == 0 && ::stat(path.c_str(), &named_file) == 0 &&
         open_file.st_ino == named_file.st_ino && open_file.st_dev == named_file.st_dev;
}

}  // namespace

std::unexpected<Error> FailWithErrno(const std::filesystem::path& path, std::string_view action) {
  const int error = errno;
  ErrorCode code = ErrorCode::kUnavailable;
  if (error == ENOENT || error == ENOTDIR) code = ErrorCode::kNotFound;
  if (error == EACCES || error == EPERM || error == EROFS) code = ErrorCode::kPermissionDenied;
  if (error == EISDIR) code = ErrorCode::kInvalidArgument;
  return Fail(code, fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(error)));
}

Result<void> WriteBytes(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailWithErrno(path, "write");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<NewFile> NewFile::Create(std::filesystem::path temporary, std::filesystem::path path) {
  constexpr mode_t kReadableByAll = 0666;
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kReadableByAll));
  if (!fd.valid()) return FailWithErrno(temporary, "create");
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || !IsStillAt(fd.get(), temporary)) {
    return Fail(ErrorCode::kUnavailable, fmt::format("{}: another process is writing this file", path.string()));
  }
  if (::ftruncate(fd.get(), 0) != 0) return FailWithErrno(temporary, "empty");
  return NewFile(std::move(temporary), std::move(path), std::move(fd));
}

NewFile::~NewFile() {
  if (fd_.valid()) ::unlink(temporary_.c_str());
}

Result<void> NewFile::Append(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < kBufferBytes ? Result<void>() : WriteBuffer();
}

Result<void> NewFile::WriteBuffer() {
  ZEUS_RETURN_IF_ERROR(WriteBytes(fd_.get(), buffer_, temporary_));
  buffer_.clear();
  return {};
}

Result<void> NewFile::Commit() {
  ZEUS_RETURN_IF_ERROR(WriteBuffer());
  if (::fsync(fd_.get()) != 0) return FailWithErrno(temporary_, "flush");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return FailWithErrno(path_, "replace");
  const UniqueFd closed = std::move(fd_);
  return {};
}

}  // namespace zeus::capriccio
