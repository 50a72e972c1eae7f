#include "apps/zeus/monitor_signals.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

namespace zeus {
namespace {

using std::chrono::nanoseconds;

// A hang-up that is ignored, as nohup has it, stays ignored. An interrupt is taken all the same: a shell has its
// background commands ignore it, and it is how a script ends a monitor.
sigset_t EndingSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) ::sigaddset(&signals, signal);
  struct sigaction hang_up{};
  if (::sigaction(SIGHUP, nullptr, &hang_up) != 0 || hang_up.sa_handler != SIG_IGN) ::sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

void BlockEndingSignals() {
  const sigset_t signals = EndingSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

bool SignalBefore(Time until) {
  static const sigset_t kSignals = EndingSignals();
  while (true) {
    const Time now = std::chrono::steady_clock::now();
    const nanoseconds left = until > now ? nanoseconds(until - now) : nanoseconds(0);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec time{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    if (::sigtimedwait(&kSignals, nullptr, &time) >= 0) return true;
    if (errno == EAGAIN) return false;
  }
}

}  // namespace zeus
