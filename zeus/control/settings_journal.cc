#include "zeus/control/settings_journal.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "zeus/base/text_file.h"

namespace zeus {
namespace {

// A journal has about 500 bytes. What is much larger is none.
constexpr uint64_t kMaxJournalBytes = uint64_t{1} << 20;
constexpr size_t kMaxUuidBytes = 128;
constexpr size_t kTemporarySuffixBytes = 6;  // WriteFileAtomically's.

std::unexpected<Error> FailWith(int error, const std::filesystem::path& path, std::string_view action) {
  const bool denied = error == EACCES || error == EPERM || error == EROFS;
  return Fail(denied ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable,
              fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(error)));
}

// Who wrote the lock file last: the holder, but for the moment between its lock and its writing.
std::string HolderText(int lock) {
  std::string text(4096, '\0');
  const ssize_t got = ::pread(lock, text.data(), text.size(), 0);
  text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  const Result<Borrower> holder = ParseLockText(text, "lock");
  return holder ? ToText(*holder) : "another process";
}

void WriteHolder(int lock, const Borrower& me) {
  // Best effort: only the message that others get depends on it.
  const std::string text = ToLockText(me);
  if (::ftruncate(lock, 0) == 0) [[maybe_unused]]
    const ssize_t written = ::pwrite(lock, text.data(), text.size(), 0);
}

// What a process that was killed while it wrote left beside the journal. The lock is held: nobody writes now.
void RemoveTemporaries(const std::filesystem::path& file) {
  const std::string prefix = file.filename().string() + ".";
  std::error_code error;
  for (std::filesystem::directory_iterator each(file.parent_path(), error), end; !error && each != end;
       each.increment(error)) {
    const std::string name = each->path().filename().string();
    if (name.starts_with(prefix) && name.size() == prefix.size() + kTemporarySuffixBytes) {
      ::unlink(each->path().c_str());
    }
  }
}

}  // namespace

bool IsJournalName(std::string_view uuid) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !uuid.empty() && uuid.size() <= kMaxUuidBytes && std::ranges::all_of(uuid, allowed);
}

std::filesystem::path DefaultJournalFolder(uint32_t uid, const std::optional<std::string>& xdg_runtime_dir) {
  if (uid == 0) return "/run/zeus/journal";
  if (xdg_runtime_dir && xdg_runtime_dir->starts_with('/')) {
    return std::filesystem::path(*xdg_runtime_dir) / "zeus" / "journal";
  }
  // One level only: in the sticky /tmp nobody else can then replace it.
  return fmt::format("/tmp/zeus-journal-{}", uid);
}

Borrower ThisProcess(std::chrono::system_clock::time_point now) {
  std::string command = ReadFile("/proc/self/comm").value_or("unknown");
  while (command.ends_with('\n')) command.pop_back();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  return {.pid = ::getpid(), .command = command, .since = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds))};
}

Result<std::optional<JournalRecord>> ReadJournal(const std::filesystem::path& file, std::string_view uuid) {
  struct stat status{};
  if (::lstat(file.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return FailWith(errno, file, "inspect");
  }
  // A pipe in its place would be waited for, without end.
  if (!S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}: expected a regular file", file.string()));
  }
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(file, kMaxJournalBytes));
  ZEUS_ASSIGN_OR_RETURN(JournalRecord record, ParseJournalText(text, file.string()));
  if (record.uuid != uuid) {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}.uuid: expected \"{}\", found \"{}\"", file.string(), uuid, record.uuid));
  }
  return record;
}

GpuJournal::GpuJournal(std::filesystem::path file, std::string uuid, Recording recording, UniqueFd lock)
    : file_(std::move(file)), uuid_(std::move(uuid)), recording_(recording), lock_(std::move(lock)) {}

std::filesystem::path GpuJournal::FileOf(const std::filesystem::path& folder, std::string_view uuid) {
  return folder / fmt::format("{}.json", uuid);
}

Result<GpuJournal> GpuJournal::Lock(const std::filesystem::path& folder, std::string_view uuid, std::string_view label,
                                    const Borrower& me, Recording recording) {
  if (!IsJournalName(uuid)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: its UUID cannot name a journal: expected 1 to {} letters, digits and dashes", label,
                            kMaxUuidBytes));
  }
  const std::filesystem::path path = folder / fmt::format("{}.lock", uuid);
  // Not for others to open: whoever can open the file can lock it, and keep everybody from the GPU.
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return FailWith(errno, path, "open");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FailWith(errno, path, "lock");
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: its settings are held by {}; wait for it or end it", label, HolderText(lock.get())));
  }
  WriteHolder(lock.get(), me);
  GpuJournal journal(FileOf(folder, uuid), std::string(uuid), recording, std::move(lock));
  RemoveTemporaries(journal.file_);
  return journal;
}

Result<void> GpuJournal::Write(const JournalRecord& record) {
  if (recording_ == Recording::kNone) return {};
  return record.changes_nothing() ? Remove() : WriteFileAtomically(file_, ToJournalText(record));
}

Result<void> GpuJournal::Remove() {
  if (::unlink(file_.c_str()) == 0 || errno == ENOENT) return {};
  return FailWith(errno, file_, "remove");
}

Result<std::filesystem::path> GpuJournal::SetAside() {
  const std::string first = file_.string() + ".damaged";
  std::string target = first;
  // The lock is held: nobody else moves anything here in between.
  struct stat status{};
  for (int i = 2; ::lstat(target.c_str(), &status) == 0; ++i) target = fmt::format("{}-{}", first, i);
  if (::rename(file_.c_str(), target.c_str()) != 0) return FailWith(errno, file_, "move aside");
  return target;
}

Result<void> SettingsJournal::CheckFolder(const std::filesystem::path& given) {
  // A slash at the end would follow a symbolic link.
  const std::filesystem::path folder = given.has_filename() ? given : given.parent_path();
  struct stat status{};
  if (::lstat(folder.c_str(), &status) != 0) return FailWith(errno, folder, "inspect");
  std::string problem;
  if (S_ISLNK(status.st_mode)) {
    problem = "a symbolic link";
  } else if (!S_ISDIR(status.st_mode)) {
    problem = "no folder";
  } else if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    problem = fmt::format("owned by user {}", status.st_uid);
  } else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    problem = "writable by others";
  } else {
    return {};
  }
  return Fail(ErrorCode::kPermissionDenied,
              fmt::format("{}: expected a journal folder that only user {} may write to; this is {}", folder.string(),
                          ::geteuid(), problem));
}

Result<SettingsJournal> SettingsJournal::OfLeased() const {
  return Open(folder_ / "leased", wall_clock_);
}

Result<SettingsJournal> SettingsJournal::Open(std::filesystem::path folder, WallClock wall_clock) {
  folder = std::filesystem::absolute(folder).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (error) return FailWith(error.value(), folder.parent_path(), "make the folder");
  const mode_t mode = ::geteuid() == 0 ? 0755 : 0700;
  if (::mkdir(folder.c_str(), mode) == 0) {
    if (::chmod(folder.c_str(), mode) != 0) return FailWith(errno, folder, "set the mode of");  // Whatever the umask.
  } else if (errno != EEXIST) {
    return FailWith(errno, folder, "make the folder");
  }
  ZEUS_RETURN_IF_ERROR(CheckFolder(folder));
  return SettingsJournal(std::move(folder), std::move(wall_clock));
}

}  // namespace zeus
