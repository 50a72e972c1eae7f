#include "zeus/base/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "zeus/base/unique_fd.h"

namespace zeus {
namespace {

std::unexpected<Error> FailWithErrno(std::string_view action, const std::filesystem::path& path) {
  const int error = errno;
  ErrorCode code = ErrorCode::kUnavailable;
  if (error == ENOENT || error == ENOTDIR) code = ErrorCode::kNotFound;
  if (error == EACCES || error == EPERM || error == EROFS) code = ErrorCode::kPermissionDenied;
  if (error == EISDIR) code = ErrorCode::kInvalidArgument;
  return Fail(code, fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(error)));
}

std::unexpected<Error> FailTooLarge(const std::filesystem::path& path, uint64_t max_bytes) {
  return Fail(ErrorCode::kInvalidData,
              fmt::format("{}: the file is larger than {} MiB, the most that is read", path.string(), max_bytes >> 20));
}

// Length of the valid UTF-8 character at the start of `text`, or 0.
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool too_large = first == 0xF4 && byte(1) >= 0x90;
    return overlong || too_large ? 0 : 4;
  }
  return 0;
}

}  // namespace

Result<std::string> ReadFile(const std::filesystem::path& path, uint64_t max_bytes) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return FailWithErrno("open", path);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return FailWithErrno("inspect", path);
  if (S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    return FailWithErrno("read", path);
  }
  if (static_cast<uint64_t>(status.st_size) > max_bytes) return FailTooLarge(path, max_bytes);
  std::string content;
  content.reserve(static_cast<size_t>(status.st_size) + 1);
  constexpr size_t kChunk = size_t{1} << 16;
  while (true) {
    const size_t old_size = content.size();
    const size_t wanted = std::max(content.capacity() - old_size, kChunk);
    content.resize(old_size + wanted);
    const ssize_t got = ::read(file.get(), content.data() + old_size, wanted);
    content.resize(old_size + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return content;
    if (got < 0 && errno != EINTR) return FailWithErrno("read", path);
    if (content.size() > max_bytes) return FailTooLarge(path, max_bytes);
  }
}

Result<std::string> ToText(std::string bytes, std::string_view source) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
  const std::string_view text = bytes;
  for (size_t at = 0; at < text.size();) {
    // Eight ASCII characters at a time: data files are ASCII all but always.
    uint64_t word = 0;
    if (at + sizeof(word) <= text.size()) {
      std::memcpy(&word, text.data() + at, sizeof(word));
      if ((word & 0x8080808080808080) == 0 && !std::memchr(text.data() + at, 0, sizeof(word))) {
        at += sizeof(word);
        continue;
      }
    }
    const size_t length = text[at] == '\0' ? 0 : Utf8Length(text.substr(at));
    if (length == 0) {
      const std::string_view before = text.substr(0, at);
      const auto line = 1 + std::count(before.begin(), before.end(), '\n');
      const size_t column = at - (before.rfind('\n') + 1) + 1;
      return Fail(ErrorCode::kInvalidData, fmt::format("{}:{}:{}: byte 0x{:02x} is not UTF-8 text", source, line,
                                                       column, static_cast<unsigned char>(text[at])));
    }
    at += length;
  }
  return bytes;
}

Result<std::string> ReadTextFile(const std::filesystem::path& path, uint64_t max_bytes) {
  ZEUS_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, max_bytes));
  return ToText(std::move(bytes), path.string());
}

Result<void> WriteFileAtomically(const std::filesystem::path& path, std::string_view content) {
  std::string temporary = path.string() + ".XXXXXX";
  const UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.valid()) return FailWithErrno("create a temporary file beside", path);
  const auto fail = [&](std::string_view action) {
    const auto error = FailWithErrno(action, path);
    ::unlink(temporary.c_str());
    return error;
  };
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail("write");
    content.remove_prefix(static_cast<size_t>(written));
  }
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(file.get(), 0666 & ~mask) != 0) return fail("set the mode of");
  if (::fsync(file.get()) != 0) return fail("flush");
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail("replace");
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.valid()) ::fsync(directory.get());  // Best effort: some file systems refuse it.
  return {};
}

}  // namespace zeus
