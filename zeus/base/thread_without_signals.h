#pragma once

#include <signal.h>

#include <thread>
#include <utility>

namespace zeus {

/// A thread that no signal's handler interrupts: those of the process go to its other threads.
template <class Run>
std::jthread ThreadWithoutSignals(Run run) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::jthread thread(std::move(run));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace zeus
