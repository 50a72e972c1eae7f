#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>

namespace zeus::testing {

/// A child that this process forks to do something and then to stay, until it is killed. It never returns into the test
/// and destroys nothing of it. Fork before starting threads.
class ForkedProcess {
 public:
  /// Returns at once; what `body` says is Succeeded().
  explicit ForkedProcess(const std::function<bool()>& body) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
      ADD_FAILURE() << "no pipe";
      return;
    }
    pid_ = ::fork();
    if (pid_ == 0) {
      // Not longer than the test, whatever happens to it.
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const char said = body() ? 1 : 0;
      if (::write(ends[1], &said, 1) != 1) ::_exit(1);
      while (true) ::pause();
    }
    ::close(ends[1]);
    answer_ = ends[0];
  }
  ForkedProcess(const ForkedProcess&) = delete;
  ForkedProcess& operator=(const ForkedProcess&) = delete;
  ~ForkedProcess() {
    Kill();
    ::close(answer_);
  }

  /// Waits until the child has run `body`. Once.
  [[nodiscard]] bool Succeeded() const {
    char said = 0;
    return ::read(answer_, &said, 1) == 1 && said == 1;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// It is gone afterwards.
  void Kill() {
    KillAndLeaveUnasked();
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  /// It has ended afterwards, but is a zombie.
  void KillAndLeaveUnasked() const {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }

 private:
  pid_t pid_ = -1;
  int answer_ = -1;
};

/// Runs `body` in a child and returns what it returned; -1 when something killed it.
inline int ExitStatusOfFork(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace zeus::testing
