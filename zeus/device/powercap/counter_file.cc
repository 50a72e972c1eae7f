#include "zeus/device/powercap/counter_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "zeus/base/number_text.h"

namespace zeus::powercap {
namespace {

/// The longest content that makes sense: 20 digits and a line end, or a zone's name.
constexpr size_t kMaxBytes = 256;

std::unexpected<Error> SystemError(const std::filesystem::path& file, int error) {
  if (error == EACCES || error == EPERM) {
    return Fail(ErrorCode::kPermissionDenied,
                fmt::format("{}: permission denied: since Linux 5.10 only root may read energy counters; run as root, "
                            "or give this user read permission on energy_uj",
                            file.string()));
  }
  return Fail(ErrorCode::kUnavailable, fmt::format("{}: {}", file.string(), std::strerror(error)));
}

Result<UniqueFd> OpenFile(const std::filesystem::path& file) {
  // Non-blocking: a named pipe in the place of a counter must not hang the reader.
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return SystemError(file, errno);
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return SystemError(file, errno);
  if (!S_ISREG(info.st_mode)) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}: expected a file, found {}", file.string(),
                                                     S_ISDIR(info.st_mode) ? "a folder" : "something else"));
  }
  return fd;
}

/// The file from its beginning, less the line end; nullopt and errno where it cannot be read.
std::optional<std::string_view> ReadFrom(const UniqueFd& fd, std::array<char, kMaxBytes>& buffer) {
  const ssize_t size = ::pread(fd.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return std::nullopt;
  std::string_view text(buffer.data(), static_cast<size_t>(size));
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

Result<uint64_t> ToNumber(std::string_view text, const std::filesystem::path& file) {
  if (const std::optional<uint64_t> number = ParseUnsigned(text)) return *number;
  std::string shown;
  for (const char c : text.substr(0, 40)) shown += c >= ' ' && c <= '~' ? c : '?';
  return Fail(ErrorCode::kInvalidData, fmt::format("{}: expected a whole number, found {}", file.string(),
                                                   text.empty() ? "nothing" : fmt::format("\"{}\"", shown)));
}

}  // namespace

Result<uint64_t> ReadNumberFile(const std::filesystem::path& file) {
  ZEUS_ASSIGN_OR_RETURN(const UniqueFd fd, OpenFile(file));
  std::array<char, kMaxBytes> buffer;
  const std::optional<std::string_view> text = ReadFrom(fd, buffer);
  if (!text) return SystemError(file, errno);
  return ToNumber(*text, file);
}

Result<std::string> ReadLineFile(const std::filesystem::path& file) {
  ZEUS_ASSIGN_OR_RETURN(const UniqueFd fd, OpenFile(file));
  std::array<char, kMaxBytes> buffer;
  const std::optional<std::string_view> text = ReadFrom(fd, buffer);
  if (!text) return SystemError(file, errno);
  if (text->empty())
    return Fail(ErrorCode::kInvalidData, fmt::format("{}: expected a name, found nothing", file.string()));
  return std::string(text->substr(0, text->find('\n')));
}

Result<CounterFile> CounterFile::Open(std::filesystem::path file) {
  CounterFile counter(std::move(file));
  ZEUS_RETURN_IF_ERROR(counter.Read());
  return counter;
}

Result<void> CounterFile::Reopen() {
  fd_ = UniqueFd();
  ZEUS_ASSIGN_OR_RETURN(fd_, OpenFile(path_));
  return {};
}

Result<uint64_t> CounterFile::Read() {
  std::array<char, kMaxBytes> buffer;
  if (fd_.valid()) {
    const std::optional<std::string_view> text = ReadFrom(fd_, buffer);
    if (text && !text->empty()) return ToNumber(*text, path_);
    // A sysfs file that has gone answers ENODEV for good, though one of the same name may be there again.
  }
  ZEUS_RETURN_IF_ERROR(Reopen());
  const std::optional<std::string_view> text = ReadFrom(fd_, buffer);
  if (!text) return SystemError(path_, errno);
  return ToNumber(*text, path_);
}

}  // namespace zeus::powercap
