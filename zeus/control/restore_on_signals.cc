#include "zeus/control/restore_on_signals.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "zeus/control/live_borrowings.h"

namespace zeus {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr unsigned char kStop = 0;

// What the handler reads: handlers have no object. Lock-free, as signal-safety(7) wants it.
std::atomic<pid_t> owner = 0;  // The process that has a RestoreOnSignals; 0 for none.
std::atomic<int> write_end = -1;
static_assert(std::atomic<pid_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void DieBy(int signal) {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  ::sigaction(signal, &action, nullptr);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
}

void Handle(int signal) {
  const int saved_errno = errno;
  const auto byte = static_cast<unsigned char>(signal);
  // A forked child has the handler, but neither the thread nor anything to restore.
  if (owner != ::getpid() || ::write(write_end, &byte, 1) != 1) DieBy(signal);
  errno = saved_errno;
}

bool HasDisposition(int signal, void (*handler)(int)) {
  struct sigaction now{};
  return ::sigaction(signal, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == handler;
}

void SetDisposition(int signal, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

Result<std::unique_ptr<RestoreOnSignals>> RestoreOnSignals::Install(std::function<void(const Error&)> on_error) {
  if (owner == ::getpid()) {
    return Fail(ErrorCode::kFailedPrecondition, "signals: this process restores on signals already");
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Fail(ErrorCode::kUnavailable, fmt::format("signals: cannot make a pipe: {}", std::strerror(errno)));
  }
  // Never closed: a handler may be about to write.
  write_end = ends[1];
  owner = ::getpid();
  std::unique_ptr<RestoreOnSignals> installed(new RestoreOnSignals(std::move(on_error)));
  // The thread starts with every signal blocked: it must not be the one that a handler interrupts.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  installed->thread_ = std::jthread([self = installed.get(), signals = ends[0]] { self->Serve(signals); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  for (const int signal : kSignals) {
    if (!HasDisposition(signal, SIG_DFL)) continue;
    installed->handled_.push_back(signal);
    SetDisposition(signal, Handle);
  }
  return installed;
}

RestoreOnSignals::RestoreOnSignals(std::function<void(const Error&)> on_error)
    : owner_(::getpid()), on_error_(std::move(on_error)) {}

void RestoreOnSignals::Serve(int signals) const {
  unsigned char signal = kStop;
  while (true) {
    const ssize_t got = ::read(signals, &signal, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got != 1 || signal == kStop) break;
    for (const Error& error : LiveBorrowings::OfThisProcess().RestoreAll()) {
      if (on_error_) on_error_(error);
    }
    DieBy(signal);
  }
  ::close(signals);
}

RestoreOnSignals::~RestoreOnSignals() {
  for (const int signal : handled_) {
    if (HasDisposition(signal, Handle)) SetDisposition(signal, SIG_DFL);
  }
  if (owner_ != ::getpid()) {
    thread_.detach();  // It is the parent's; here there is nothing to wait for.
    return;
  }
  // A signal that came before is still served: the process then dies in here.
  const unsigned char stop = kStop;
  if (::write(write_end, &stop, 1) == 1) thread_.join();
  owner = 0;
}

}  // namespace zeus
