#include "zeus/launcher/log_tail.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string_view>

#include "zeus/base/unique_fd.h"

namespace zeus {
namespace {

constexpr off_t kMostBytes = 8192;
constexpr size_t kLongestLine = 500;

std::string Readable(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  // A progress bar writes over itself.
  if (const size_t last = line.rfind('\r'); last != std::string_view::npos) line.remove_prefix(last + 1);
  std::string text;
  for (const char c : line.substr(0, kLongestLine)) {
    if (c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) text += c;
  }
  if (line.size() > kLongestLine) text += "...";
  return text;
}

}  // namespace

std::string LogTail(const std::filesystem::path& log, size_t lines) {
  const auto fail = [] { return fmt::format(" (cannot be read: {})", std::strerror(errno)); };
  const UniqueFd file(::open(log.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) return fail();
  const off_t begin = std::max<off_t>(0, status.st_size - kMostBytes);
  std::array<char, kMostBytes> bytes{};
  const ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), begin);
  if (got < 0) return fail();
  std::string_view rest(bytes.data(), static_cast<size_t>(got));
  std::deque<std::string> last;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string line = Readable(rest.substr(0, end));
    if (!line.empty()) last.push_back(std::move(line));
    if (last.size() > lines) last.pop_front();
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (last.empty()) return " (empty)";
  std::string text;
  for (const std::string& line : last) text += "\n    " + line;
  return text;
}

}  // namespace zeus
