#include "zeus/launcher/training_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>

#include "zeus/base/unique_fd.h"
#include "zeus/launcher/supervisor.h"

namespace zeus {
namespace {

using Clock = std::chrono::steady_clock;
using internal::SupervisorMessage;

/// Orphans become children of this process while it lives, so that they can be waited for.
class SubreaperGuard {
 public:
  SubreaperGuard() {
    ::prctl(PR_GET_CHILD_SUBREAPER, &before_);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  SubreaperGuard(const SubreaperGuard&) = delete;
  SubreaperGuard& operator=(const SubreaperGuard&) = delete;
  ~SubreaperGuard() { ::prctl(PR_SET_CHILD_SUBREAPER, before_); }

 private:
  int before_ = 0;
};

/// Texts as exec(3) takes them; the texts outlive it.
std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentWith(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!changes.contains(std::string(text.substr(0, text.find('='))))) all.emplace_back(text);
  }
  for (const auto& [name, value] : changes) all.push_back(fmt::format("{}={}", name, value));
  return all;
}

/// Not one of the three standard descriptors, which may be closed here.
UniqueFd AboveStandard(UniqueFd fd) {
  if (!fd.valid() || fd.get() > STDERR_FILENO) return fd;
  return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

Result<UniqueFd> OpenLog(const std::filesystem::path& log) {
  UniqueFd file =
      AboveStandard(UniqueFd(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666)));
  if (file.valid()) return file;
  return Fail(ErrorCode::kUnavailable, fmt::format("{}: cannot open: {}", log.string(), std::strerror(errno)));
}

int64_t Milliseconds(Seconds time) {
  constexpr double kMost = 1e12;
  return static_cast<int64_t>(std::ceil(std::min(time.value() * 1000, kMost)));
}

/// A supervisor and the command that it watches, from our side.
class SupervisedTraining {
 public:
  SupervisedTraining(const TrainingCommand& command, const NotedSignals* signals)
      : command_(command), signals_(signals) {}

  Result<TrainingEnd> Run() {
    ZEUS_ASSIGN_OR_RETURN(log_, OpenLog(command_.log));
    ZEUS_RETURN_IF_ERROR(Fork());
    Result<TrainingEnd> end = Wait();
    while (::waitpid(supervisor_, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (lost_) EndOrphans();
    return end;
  }

 private:
  Result<void> Fork() {
    std::vector<std::string> arguments = command_.arguments;
    std::vector<std::string> environment = EnvironmentWith(command_.environment);
    const std::vector<char*> argv = Pointers(arguments);
    const std::vector<char*> envp = Pointers(environment);
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      return Fail(ErrorCode::kUnavailable, fmt::format("cannot make a socket: {}", std::strerror(errno)));
    }
    control_ = AboveStandard(UniqueFd(ends[0]));
    const UniqueFd theirs = AboveStandard(UniqueFd(ends[1]));
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return Fail(ErrorCode::kUnavailable, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    }
    output_ = AboveStandard(UniqueFd(ends[0]));
    const UniqueFd output_end = AboveStandard(UniqueFd(ends[1]));
    internal::SupervisorPlan plan{.arguments = argv.data(),
                                  .environment = envp.data(),
                                  .workdir = command_.workdir.empty() ? nullptr : command_.workdir.c_str(),
                                  .control = theirs.get(),
                                  .output = output_.get(),
                                  .output_end = output_end.get(),
                                  .log = log_.get(),
                                  .echo = command_.echo.value_or(-1),
                                  .held = command_.held.value_or(-1),
                                  .grace_ms = Milliseconds(command_.grace)};
    // The supervisor starts with all signals blocked: no handler of ours ever runs in it.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &plan.mask);
    supervisor_ = ::fork();
    const int error = errno;
    if (supervisor_ == 0) internal::Supervise(plan);
    ::pthread_sigmask(SIG_SETMASK, &plan.mask, nullptr);
    if (supervisor_ > 0) return {};
    return Fail(ErrorCode::kUnavailable, fmt::format("cannot start a process: {}", std::strerror(error)));
  }

  Result<TrainingEnd> Wait() {
    TrainingEnding ending = TrainingEnding::kByItself;
    const auto end = [&](TrainingEnding why) {
      if (ending != TrainingEnding::kByItself) return;
      ending = why;
      const char order = 0;
      ::send(control_.get(), &order, 1, MSG_NOSIGNAL);
    };
    const auto deadline = Clock::now() + std::chrono::milliseconds(Milliseconds(command_.timeout.value_or(Seconds(0))));
    while (true) {
      if (signals_ != nullptr && signals_->first()) end(TrainingEnding::kInterrupted);
      if (command_.timeout && Clock::now() >= deadline) end(TrainingEnding::kTimedOut);
      const bool ordered = ending != TrainingEnding::kByItself;
      std::array<pollfd, 2> waited{
          {{.fd = control_.get(), .events = POLLIN, .revents = 0},
           {.fd = signals_ == nullptr || ordered ? -1 : signals_->descriptor(), .events = POLLIN, .revents = 0}}};
      int64_t left = -1;
      if (command_.timeout && !ordered) {
        left = 1 + std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        left = std::clamp<int64_t>(left, 0, 1'000'000);
      }
      ::poll(waited.data(), waited.size(), static_cast<int>(left));
      if (waited[0].revents == 0) continue;
      SupervisorMessage message;
      const ssize_t got = ::recv(control_.get(), &message, sizeof(message), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got != static_cast<ssize_t>(sizeof(message))) {
        lost_ = true;
        return Fail(ErrorCode::kUnavailable, "the process that watches over the training was killed");
      }
      if (message.kind == SupervisorMessage::Kind::kStarted) {
        group_ = message.command;
        continue;
      }
      if (message.kind == SupervisorMessage::Kind::kCannotStart) return CannotStart(message);
      return ToEnd(message, ending);
    }
  }

  [[nodiscard]] std::unexpected<Error> CannotStart(const SupervisorMessage& message) const {
    const char* const why = std::strerror(message.error);
    const ErrorCode code = message.error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kPermissionDenied;
    switch (message.step) {
      case SupervisorMessage::Step::kWorkdir:
        return Fail(code, fmt::format("{}: cannot work there: {}", command_.workdir.string(), why));
      case SupervisorMessage::Step::kRun:
        return Fail(code, fmt::format("{}: cannot be run: {}", command_.arguments.front(), why));
      case SupervisorMessage::Step::kPrepare:
        break;
    }
    return Fail(ErrorCode::kUnavailable, fmt::format("cannot start a process: {}", why));
  }

  [[nodiscard]] Result<TrainingEnd> ToEnd(const SupervisorMessage& message, TrainingEnding ending) const {
    if (message.survived != 0) {
      return Fail(ErrorCode::kUnavailable,
                  fmt::format("process {}, the training, or one that it started, does not end, even though it was "
                              "killed; a device's driver may hold it",
                              group_));
    }
    if (message.log_error != 0) {
      return Fail(ErrorCode::kUnavailable, fmt::format("{}: cannot write: {}; the training was ended for it",
                                                       command_.log.string(), std::strerror(message.log_error)));
    }
    TrainingEnd end{.ending = ending, .exit_code = WEXITSTATUS(message.status), .signal = std::nullopt};
    if (WIFSIGNALED(message.status)) {
      end.signal = WTERMSIG(message.status);
      end.exit_code = 128 + *end.signal;
    }
    return end;
  }

  /// The supervisor is dead, and with it the order to end has come to the command; here is the rest of its work.
  void EndOrphans() const {
    if (group_ <= 0) return;
    const auto gone = [&](Clock::time_point until) {
      while (Clock::now() < until) {
        while (::waitpid(-group_, nullptr, WNOHANG) > 0) {
        }
        if (::kill(-group_, 0) != 0) return true;
        TakeOutput();
      }
      return false;
    };
    ::kill(-group_, SIGTERM);
    if (gone(Clock::now() + std::chrono::milliseconds(Milliseconds(command_.grace)))) return;
    ::kill(-group_, SIGKILL);
    gone(Clock::now() + std::chrono::seconds(5));
  }

  /// Waits a moment for output of an orphan and logs it: one that writes in vain might die of it before it has put back
  /// what it changed.
  void TakeOutput() const {
    pollfd waited{.fd = output_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waited, 1, 10) <= 0) return;
    std::array<char, 4096> bytes{};
    const ssize_t got = ::read(output_.get(), bytes.data(), bytes.size());
    if (got > 0) {
      [[maybe_unused]] const ssize_t written = ::write(log_.get(), bytes.data(), static_cast<size_t>(got));
    } else {
      ::poll(nullptr, 0, 10);
    }
  }

  const TrainingCommand& command_;
  const NotedSignals* signals_;
  const SubreaperGuard subreaper_;
  UniqueFd log_;
  UniqueFd control_;
  UniqueFd output_;  // Of the command, to read; the supervisor does.
  pid_t supervisor_ = -1;
  pid_t group_ = -1;   // The command's process group, once it runs.
  bool lost_ = false;  // The supervisor was killed.
};

}  // namespace

Result<TrainingEnd> RunTraining(const TrainingCommand& command, const NotedSignals* signals) {
  if (command.arguments.empty()) return Fail(ErrorCode::kInvalidArgument, "there is no command to run");
  if (signals != nullptr && signals->first()) {
    return TrainingEnd{
        .ending = TrainingEnding::kInterrupted, .exit_code = 128 + *signals->first(), .signal = signals->first()};
  }
  return SupervisedTraining(command, signals).Run();
}

}  // namespace zeus
