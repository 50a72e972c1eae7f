#include "zeus/launcher/child_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace zeus::internal {
namespace {

/// A whole number out of /proc; moves `text` behind it.
pid_t TakeNumber(const char*& text) {
  pid_t number = 0;
  while (*text >= '0' && *text <= '9') number = number * 10 + (*text++ - '0');
  return number;
}

/// The parent of a process, or -1 when it is gone.
pid_t ParentOf(const char* pid) {
  std::array<char, 64> path{};
  size_t end = 0;
  for (const char* part : {"/proc/", pid, "/stat"}) {
    for (; *part != 0 && end + 1 < path.size(); ++part) path[end++] = *part;
  }
  const int file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  std::array<char, 512> text{};
  const ssize_t got = ::read(file, text.data(), text.size() - 1);
  ::close(file);
  if (got <= 0) return -1;
  // "PID (NAME) STATE PPID ...", where a name may hold anything, also ")".
  const char* const name_end = std::strrchr(text.data(), ')');
  if (name_end == nullptr || std::strlen(name_end) < 5) return -1;
  const char* parent = name_end + 4;
  return TakeNumber(parent);
}

}  // namespace

void VisitChildren(void (*visit)(void* context, pid_t child), void* context) {
  const int folder = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  const pid_t self = ::getpid();
  alignas(dirent64) std::array<char, 8192> entries{};
  while (true) {
    const ssize_t got = ::getdents64(folder, entries.data(), entries.size());
    if (got <= 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(entries.data() + at);
      const char* const name = entry->d_name;
      at += entry->d_reclen;
      if (*name < '1' || *name > '9' || ParentOf(name) != self) continue;
      const char* digits = name;
      visit(context, TakeNumber(digits));
    }
  }
  ::close(folder);
}

}  // namespace zeus::internal
