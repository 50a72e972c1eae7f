#include "zeus/base/noted_signals.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>

namespace zeus {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

// What the handler reads: handlers have no object. Lock-free, as signal-safety(7) wants it.
std::atomic<int> first_signal = 0;
std::atomic<int> write_end = -1;
static_assert(std::atomic<int>::is_always_lock_free);

// Constant between a NotedSignals' begin and its end.
int read_end = -1;
std::array<struct sigaction, kSignals.size()> before;

void Note(int signal) {
  const int error = errno;
  int none = 0;
  if (first_signal.compare_exchange_strong(none, signal)) {
    const char byte = 0;
    [[maybe_unused]] const ssize_t written = ::write(write_end, &byte, 1);
  }
  errno = error;
}

}  // namespace

NotedSignals::NotedSignals() {
  first_signal = 0;
  std::array<int, 2> ends{-1, -1};
  // Without a pipe (no descriptors are left) signals are noted all the same, and a sleep ends when its time is over.
  [[maybe_unused]] const int made = ::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK);
  read_end = ends[0];
  write_end = ends[1];
  struct sigaction note{};
  note.sa_handler = Note;
  ::sigemptyset(&note.sa_mask);
  note.sa_flags = SA_RESTART;
  for (size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &note, nullptr);
  }
}

NotedSignals::~NotedSignals() {
  for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before[i], nullptr);
  ::close(write_end.exchange(-1));
  ::close(read_end);
}

std::optional<int> NotedSignals::first() const {
  const int signal = first_signal;
  return signal == 0 ? std::nullopt : std::optional(signal);
}

std::optional<int> NotedSignals::Sleep(Seconds time) const {
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + std::chrono::duration<double>(time.value());
  while (!first()) {
    const double left = std::chrono::duration<double, std::milli>(end - steady_clock::now()).count();
    if (left <= 0) break;
    pollfd waited{.fd = read_end, .events = POLLIN, .revents = 0};
    constexpr double kLongestMilliseconds = 1e6;
    ::poll(&waited, 1, static_cast<int>(std::ceil(std::min(left, kLongestMilliseconds))));
  }
  return first();
}

int NotedSignals::descriptor() const {
  return read_end;
}

}  // namespace zeus
