#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace zeus {

/// A process on each core that never sleeps, for as long as this lives, and that every other one goes before
/// (SCHED_IDLE, sched(7)). A virtual machine's core that has nothing to do is halted, and its host takes tens of
/// microseconds of it to come back. To be made while there is one thread.
class AwakeCores {
 public:
  explicit AwakeCores(bool awake = true) {
    const unsigned cores = awake ? std::thread::hardware_concurrency() : 0;
    for (unsigned i = 0; i < cores; ++i) {
      const pid_t child = ::fork();
      if (child > 0) children_.push_back(child);
      if (child == 0) NeverSleep(static_cast<int>(i));
    }
  }
  ~AwakeCores() {
    for (const pid_t child : children_) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }
  AwakeCores(const AwakeCores&) = delete;
  AwakeCores& operator=(const AwakeCores&) = delete;

 private:
  [[noreturn]] static void NeverSleep(int core) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    cpu_set_t only{};
    CPU_SET(static_cast<unsigned>(core), &only);
    ::sched_setaffinity(0, sizeof(only), &only);
    const sched_param none{};
    ::sched_setscheduler(0, SCHED_IDLE, &none);
    for (volatile bool on = true; on;) {
    }
    ::_exit(0);
  }

  std::vector<pid_t> children_;
};

}  // namespace zeus
