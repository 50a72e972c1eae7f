#include "zeus/launcher/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "zeus/base/number_text.h"

namespace zeus {
namespace {

constexpr const char* kLockFile = "run.lock";
constexpr Seconds kLookAgain{0.02};

std::string PlainName(std::string_view text) {
  constexpr std::string_view kPlain = "._-+=";
  std::string name;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       kPlain.find(c) != std::string_view::npos;
    name += plain ? c : '_';
  }
  if (name.starts_with('.')) name.front() = '_';
  return name;
}

/// Who took the lock; nothing where the file does not say.
std::string Holder(int lock) {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(lock, text.data(), text.size(), 0);
  if (got <= 0) return "";
  const std::string_view line(text.data(), static_cast<size_t>(got));
  const std::optional<int64_t> pid = ParseInteger(line.substr(0, line.find('\n')));
  return pid ? fmt::format(" (process {})", *pid) : "";
}

}  // namespace

std::string RunFolderName(const RunIdentity& identity, int64_t recurrences, std::string_view timestamp) {
  const JobIdentity& job = identity.job;
  return PlainName(fmt::format("{}+{}+bs{}+{}+lr{}+tm{}+me{}+x{}+eta{}+beta{}+{}", job.workload.dataset,
                               job.workload.network, job.default_batch_size, job.workload.optimizer,
                               job.default_learning_rate ? ShortestText(*job.default_learning_rate) : "None",
                               ShortestText(job.target_metric), job.max_epochs, recurrences, ShortestText(identity.eta),
                               ShortestText(identity.beta), timestamp));
}

Result<RunFolder> RunFolder::Make(const std::filesystem::path& path) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  const bool made = !error && std::filesystem::create_directory(path, error);
  if (error) {
    const ErrorCode code =
        error == std::errc::permission_denied ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable;
    return Fail(code, fmt::format("{}: cannot make the folder: {}", path.string(), error.message()));
  }
  if (!made) {
    return Fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("{}: is there already; go on with that run, or begin a new one a second later", path.string()));
  }
  return Lock(path, Seconds(0), nullptr);
}

Result<RunFolder> RunFolder::Open(const std::filesystem::path& path, Seconds wait, const NotedSignals* signals) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    return Fail(ErrorCode::kNotFound, fmt::format("{}: there is no such folder", path.string()));
  }
  return Lock(path, wait, signals);
}

Result<RunFolder> RunFolder::Lock(std::filesystem::path path, Seconds wait, const NotedSignals* signals) {
  const std::filesystem::path file = path / kLockFile;
  UniqueFd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!lock.valid()) {
    const ErrorCode code = errno == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable;
    return Fail(code, fmt::format("{}: cannot open: {}", file.string(), std::strerror(errno)));
  }
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration<double>(wait.value());
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return Fail(ErrorCode::kUnavailable, fmt::format("{}: cannot lock: {}", file.string(), std::strerror(errno)));
    }
    const bool interrupted = signals != nullptr && signals->first().has_value();
    if (interrupted || Clock::now() >= until) {
      return Fail(ErrorCode::kFailedPrecondition,
                  fmt::format("{}: another `zeus run`{}, or the training that it left behind, works here",
                              path.string(), Holder(lock.get())));
    }
    if (signals != nullptr) {
      signals->Sleep(kLookAgain);
    } else {
      ::poll(nullptr, 0, static_cast<int>(kLookAgain.value() * 1000));
    }
  }
  // A disk that is full now is no reason not to look at what was learned.
  const std::string holder = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock.get(), 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(lock.get(), holder.data(), holder.size(), 0);
  }
  return RunFolder(std::move(path), std::move(lock));
}

}  // namespace zeus
