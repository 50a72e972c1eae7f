#include "zeus/launcher/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "zeus/launcher/child_processes.h"
#include "zeus/launcher/descriptors.h"

namespace zeus::internal {
namespace {

constexpr int64_t kNever = -1;
constexpr int64_t kLingeringMs = 200;  // What a command leaves behind may end by itself for so long.
constexpr int64_t kKillingMs = 5000;   // A process in the middle of a driver's call may take a while to die.
constexpr int64_t kKillAgainMs = 20;
constexpr size_t kPipeBytes = 4096;  // PIPE_BUF: a pipe that is writable takes so many without blocking.

int64_t NowMs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

struct StartFailure {
  SupervisorMessage::Step step;
  int error;
};

/// In the process that becomes the command.
[[noreturn]] void BecomeCommand(const SupervisorPlan& plan, pid_t supervisor, int failure) {
  const auto fail = [&](SupervisorMessage::Step step) {
    const StartFailure told{step, errno};
    [[maybe_unused]] const ssize_t written = ::write(failure, &told, sizeof(told));
    ::_exit(127);
  };
  ::setpgid(0, 0);
  // Should the supervisor be killed, the command is told to end.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != supervisor) ::_exit(127);
  // Told before anything runs: whoever must end the command without the supervisor knows which one.
  const SupervisorMessage started{.kind = SupervisorMessage::Kind::kStarted, .command = ::getpid()};
  if (::send(plan.control, &started, sizeof(started), MSG_NOSIGNAL) < 0) ::_exit(127);
  // Handlers are those of the process that we were copied from, and would act on what is its own.
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action{};
    if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = SIG_DFL;
    ::sigaction(signal, &action, nullptr);
  }
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0) fail(SupervisorMessage::Step::kPrepare);
  if (nothing == STDIN_FILENO) {
    ::fcntl(nothing, F_SETFD, 0);
  } else if (::dup2(nothing, STDIN_FILENO) < 0) {
    fail(SupervisorMessage::Step::kPrepare);
  }
  if (::dup2(plan.output_end, STDOUT_FILENO) < 0 || ::dup2(plan.output_end, STDERR_FILENO) < 0)
    fail(SupervisorMessage::Step::kPrepare);
  if (plan.workdir != nullptr && ::chdir(plan.workdir) != 0) fail(SupervisorMessage::Step::kWorkdir);
  ::sigprocmask(SIG_SETMASK, &plan.mask, nullptr);
  ::execvpe(plan.arguments[0], plan.arguments, plan.environment);
  fail(SupervisorMessage::Step::kRun);
  ::_exit(127);
}

class Supervisor {
 public:
  explicit Supervisor(const SupervisorPlan& plan) : plan_(plan), output_(plan.output), echo_(plan.echo) {}

  [[noreturn]] void Run() {
    // Out of our session: no terminal's signal reaches it or the command.
    ::setsid();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_NAME, "zeus-supervisor");
    struct sigaction reap{};
    reap.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &reap, nullptr);
    std::array kept{plan_.control, plan_.output, plan_.output_end, plan_.log, plan_.echo, plan_.held};
    CloseOthers(kept);
    if (Start()) Watch();
    ::_exit(0);
  }

 private:
  // What is being done about ending the command.
  enum class Phase {
    kRunning,
    kLingering,    // It has ended, and has left processes behind that may end by themselves.
    kTerminating,  // SIGTERM was sent.
    kKilling,
    kGivenUp
  };

  void Tell(const SupervisorMessage& message) const {
    [[maybe_unused]] const ssize_t sent = ::send(plan_.control, &message, sizeof(message), MSG_NOSIGNAL);
  }

  [[nodiscard]] bool FailToStart(SupervisorMessage::Step step, int error) const {
    Tell({.kind = SupervisorMessage::Kind::kCannotStart, .step = step, .error = error});
    return false;
  }

  [[nodiscard]] bool Start() {
    int failure = -1;
    int failure_end = -1;
    sigset_t child;
    ::sigemptyset(&child);
    ::sigaddset(&child, SIGCHLD);
    children_ = AboveStandard(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    if (children_ < 0 || !MakePipe(failure, failure_end)) {
      return FailToStart(SupervisorMessage::Step::kPrepare, errno);
    }
    const pid_t self = ::getpid();
    command_ = ::fork();
    if (command_ < 0) return FailToStart(SupervisorMessage::Step::kPrepare, errno);
    if (command_ == 0) BecomeCommand(plan_, self, failure_end);
    ::setpgid(command_, command_);  // Whoever of the two comes first.
    ::close(plan_.output_end);
    ::close(failure_end);
    StartFailure told{};
    const ssize_t got = ::read(failure, &told, sizeof(told));
    ::close(failure);
    if (got == sizeof(told)) {
      ::waitpid(command_, nullptr, 0);
      return FailToStart(told.step, told.error);
    }
    ::fcntl(output_, F_SETFL, O_NONBLOCK);
    return true;
  }

  void Watch() {
    while (!alone_ && phase_ != Phase::kGivenUp) {
      std::array<pollfd, 4> waited{{{.fd = control_open_ ? plan_.control : -1, .events = POLLIN, .revents = 0},
                                    {.fd = children_, .events = POLLIN, .revents = 0},
                                    {.fd = pending_ == 0 ? output_ : -1, .events = POLLIN, .revents = 0},
                                    {.fd = pending_ > 0 ? echo_ : -1, .events = POLLOUT, .revents = 0}}};
      const int64_t left = deadline_ == kNever ? -1 : std::max<int64_t>(0, deadline_ - NowMs());
      ::poll(waited.data(), waited.size(), static_cast<int>(std::min<int64_t>(left, 1'000'000)));
      if (waited[0].revents != 0) TakeOrder();
      if (waited[2].revents != 0) TakeOutput();
      if (waited[3].revents != 0) EchoPart();
      if (waited[1].revents != 0) TakeDeaths();
      if (deadline_ != kNever && NowMs() >= deadline_) GoOn();
    }
    Finish();
  }

  void TakeOrder() {
    char order = 0;
    // Nothing to receive: we, whom it works for, are dead.
    if (::recv(plan_.control, &order, 1, 0) <= 0) control_open_ = false;
    BeginEnd();
  }

  void BeginEnd() {
    if (phase_ != Phase::kRunning && phase_ != Phase::kLingering) return;
    phase_ = Phase::kTerminating;
    deadline_ = NowMs() + plan_.grace_ms;
    ::kill(-command_, SIGTERM);
    TellStrays();
    EchoPart();
  }

  /// SIGTERM, once, for what has left the command's process group and lost its parent.
  void TellStrays() {
    ForEachChild([this](pid_t child) {
      if (::getpgid(child) == command_) return;
      const auto end = told_.begin() + static_cast<std::ptrdiff_t>(told_count_);
      if (told_count_ == told_.size() || std::find(told_.begin(), end, child) != end) return;
      told_[told_count_++] = child;
      ::kill(child, SIGTERM);
    });
  }

  void KillAll() const {
    ::kill(-command_, SIGKILL);
    ForEachChild([](pid_t child) { ::kill(child, SIGKILL); });
  }

  /// The time that a phase had is over.
  void GoOn() {
    const int64_t now = NowMs();
    if (phase_ == Phase::kLingering) {
      BeginEnd();
    } else if (phase_ == Phase::kTerminating) {
      phase_ = Phase::kKilling;
      killing_since_ = now;
      KillAll();
      deadline_ = now + kKillAgainMs;
    } else if (now - killing_since_ > kKillingMs) {
      phase_ = Phase::kGivenUp;
    } else {
      KillAll();  // Also those that were orphaned only now.
      deadline_ = now + kKillAgainMs;
    }
  }

  void TakeDeaths() {
    signalfd_siginfo info{};
    while (::read(children_, &info, sizeof(info)) > 0) {
    }
    while (true) {
      int status = 0;
      const pid_t dead = ::waitpid(-1, &status, WNOHANG);
      if (dead == command_) {
        status_ = status;
        ended_ = true;
      } else if (dead < 0) {
        alone_ = true;  // ECHILD
        return;
      } else if (dead == 0) {
        break;
      }
    }
    if (phase_ == Phase::kTerminating) TellStrays();
    if (ended_ && phase_ == Phase::kRunning) {
      phase_ = Phase::kLingering;
      deadline_ = NowMs() + kLingeringMs;
    }
  }

  /// False when there is nothing to take.
  bool TakeOutput() {
    const ssize_t got = ::read(output_, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) {
      ::close(output_);
      output_ = -1;
      return false;
    }
    WriteLog(static_cast<size_t>(got));
    if (echo_ >= 0) {
      pending_ = static_cast<size_t>(got);
      echoed_ = 0;
      EchoPart();
    }
    return true;
  }

  void WriteLog(size_t size) {
    for (size_t done = 0; done < size && log_error_ == 0;) {
      const ssize_t written = ::write(plan_.log, buffer_.data() + done, size - done);
      if (written > 0) {
        done += static_cast<size_t>(written);
      } else if (written == 0 || errno != EINTR) {
        log_error_ = written == 0 ? EIO : errno;
        BeginEnd();
      }
    }
  }

  /// As much of what was read as the other side takes now; a side that is gone gets nothing more. While the command is
  /// running, one that takes nothing makes it wait; when it is to end, nothing may make it wait.
  void EchoPart() {
    while (pending_ > 0 && IsReady(echo_, POLLOUT)) {
      const ssize_t written = ::write(echo_, buffer_.data() + echoed_, std::min(pending_, kPipeBytes));
      if (written <= 0) {
        if (written < 0 && errno == EAGAIN) break;
        echo_ = -1;
        pending_ = 0;
        return;
      }
      echoed_ += static_cast<size_t>(written);
      pending_ -= static_cast<size_t>(written);
    }
    if (phase_ != Phase::kRunning && phase_ != Phase::kLingering) pending_ = 0;
  }

  void Finish() {
    do {
      // Whoever reads what we echo may be slow; but when we are told to end, or are dead, it does not matter.
      while (pending_ > 0 && echo_ >= 0) {
        std::array<pollfd, 2> waited{{{.fd = control_open_ ? plan_.control : -1, .events = POLLIN, .revents = 0},
                                      {.fd = echo_, .events = POLLOUT, .revents = 0}}};
        ::poll(waited.data(), waited.size(), -1);
        if (waited[0].revents != 0) {
          pending_ = 0;
          echo_ = -1;
        } else {
          EchoPart();
        }
      }
    } while (output_ >= 0 && TakeOutput());
    Tell({.kind = SupervisorMessage::Kind::kEnded,
          .status = status_,
          .log_error = log_error_,
          .survived = phase_ == Phase::kGivenUp ? 1 : 0});
  }

  const SupervisorPlan& plan_;
  pid_t command_ = -1;
  int output_;         // The command's output, to read.
  int children_ = -1;  // Readable when a child died.
  int echo_;

  Phase phase_ = Phase::kRunning;
  int64_t deadline_ = kNever;  // Of the phase.
  int64_t killing_since_ = 0;
  bool control_open_ = true;
  bool ended_ = false;  // The command has.
  bool alone_ = false;  // So has all that it started.
  int status_ = 0;
  int log_error_ = 0;
  std::array<pid_t, 256> told_{};  // Strays that were sent SIGTERM.
  size_t told_count_ = 0;

  std::array<char, 65536> buffer_{};
  size_t pending_ = 0;  // How much of the buffer is still to be echoed,
  size_t echoed_ = 0;   // and how much was.
};

}  // namespace

void Supervise(const SupervisorPlan& plan) {
  Supervisor supervisor(plan);
  supervisor.Run();
}

}  // namespace zeus::internal
