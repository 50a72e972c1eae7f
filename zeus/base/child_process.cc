#include "zeus/base/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "zeus/base/unique_fd.h"

namespace zeus {
namespace {

constexpr std::array kEndingSignals = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
constexpr std::array kPassedOn = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};

// What the handler reads: handlers have no object.
std::atomic<pid_t> running_child{0};
std::atomic<int> told_to_end{0};
// Those that have yet to reach the child, a bit for each. Whoever takes a bit away sends its signal: the handler where
// it knows the child, else RunInForeground once it does. Each writes its part before it reads the other's.
std::atomic<uint64_t> waiting{0};

constexpr uint64_t Bit(int signal) {
  return uint64_t{1} << signal;
}

void PassOn(int signal, siginfo_t* info, void* /*context*/) {
  const int error = errno;
  for (const int ending : kEndingSignals) {
    if (signal == ending) told_to_end = signal;
  }
  // The terminal sends its interrupts to all in the foreground: the command has it already.
  const bool from_terminal = (signal == SIGINT || signal == SIGQUIT) && info->si_code == SI_KERNEL;
  if (!from_terminal) {
    waiting.fetch_or(Bit(signal));
    const pid_t child = running_child.load();
    if (child > 0 && (waiting.fetch_and(~Bit(signal)) & Bit(signal)) != 0) ::kill(child, signal);
  }
  errno = error;
}

/// Changes how signals are taken, and puts it back.
class SignalGuard {
 public:
  SignalGuard() {
    struct sigaction action{};
    action.sa_sigaction = PassOn;
    action.sa_flags = SA_SIGINFO;
    ::sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < kPassedOn.size(); ++i) {
      ::sigaction(kPassedOn[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) ::sigaction(kPassedOn[i], &action, nullptr);
    }
  }
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
  ~SignalGuard() { Restore(); }

  /// Async-signal-safe: the child calls it before it becomes the command.
  void Restore() const {
    for (size_t i = 0; i < kPassedOn.size(); ++i) ::sigaction(kPassedOn[i], &before_[i], nullptr);
  }

 private:
  std::array<struct sigaction, kPassedOn.size()> before_{};
};

std::vector<std::string> MergedEnvironment(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> merged;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (!changes.contains(text.substr(0, text.find('=')))) merged.push_back(text);
  }
  for (const auto& [name, value] : changes) merged.push_back(fmt::format("{}={}", name, value));
  return merged;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<ForegroundEnd> RunInForeground(const ForegroundCommand& command) {
  std::vector<std::string> arguments = command.arguments;
  if (arguments.empty()) return Fail(ErrorCode::kInvalidArgument, "there is no command to run");
  std::vector<std::string> environment = MergedEnvironment(command.environment);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);

  // The child reports through it why it could not become the command; when it does, the pipe closes unwritten.
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Fail(ErrorCode::kUnavailable, "cannot make a pipe");
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);

  told_to_end = 0;
  waiting = 0;
  const SignalGuard signals;
  // The child must not take in our handler what is meant for it. Our other threads do: what comes before we know whom
  // to pass it on to waits.
  sigset_t passed_on;
  sigset_t before;
  ::sigemptyset(&passed_on);
  for (const int signal : kPassedOn) ::sigaddset(&passed_on, signal);
  ::pthread_sigmask(SIG_BLOCK, &passed_on, &before);
  const pid_t child = ::fork();
  if (child < 0) {
    const int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return Fail(ErrorCode::kUnavailable, fmt::format("cannot start a process: {}", std::strerror(error)));
  }
  if (child == 0) {
    signals.Restore();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::execvpe(argv[0], argv.data(), envp.data());
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(writing.get(), &error, sizeof error);
    ::_exit(127);
  }
  running_child.store(child);
  const uint64_t came_before = waiting.exchange(0);
  for (const int signal : kPassedOn) {
    if ((came_before & Bit(signal)) != 0) ::kill(child, signal);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  writing = UniqueFd();
  int error = 0;
  ssize_t got = 0;
  do got = ::read(reading.get(), &error, sizeof error);
  while (got < 0 && errno == EINTR);

  // Its number is its own until it is collected.
  siginfo_t ended;
  while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  running_child.store(0);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (got == sizeof error) {
    const ErrorCode code = error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kPermissionDenied;
    return Fail(code, fmt::format("{}: cannot be run: {}", arguments.front(), std::strerror(error)));
  }
  const int signal = told_to_end;
  return ForegroundEnd{.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
                       .told_to_end = signal == 0 ? std::nullopt : std::optional(signal)};
}

}  // namespace zeus
