#include "zeus/base/noted_signals.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace zeus {
namespace {

using Clock = std::chrono::steady_clock;

TEST(NotedSignals, NoneHasCome) {
  const NotedSignals signals;
  EXPECT_FALSE(signals.first());
  const auto begin = Clock::now();
  EXPECT_FALSE(signals.Sleep(Seconds(0.05)));
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(50));
}

TEST(NotedSignals, TheFirstEndsASleep) {
  const NotedSignals signals;
  std::jthread sender([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ::kill(::getpid(), SIGTERM);
  });
  const auto begin = Clock::now();
  EXPECT_EQ(signals.Sleep(Seconds(30)), SIGTERM);
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(20));
  ::raise(SIGINT);
  EXPECT_EQ(signals.first(), SIGTERM);
  EXPECT_EQ(signals.Sleep(Seconds(30)), SIGTERM);
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(20));
  pollfd readable{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&readable, 1, 0), 1);
}

TEST(NotedSignals, DispositionsArePutBackAndAnotherBeginsAnew) {
  {
    const NotedSignals signals;
    ::raise(SIGHUP);
    EXPECT_EQ(signals.first(), SIGHUP);
  }
  struct sigaction action{};
  ::sigaction(SIGHUP, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
  EXPECT_FALSE(NotedSignals().first());
}

TEST(NotedSignals, WhatIsIgnoredStaysIgnored) {
  ::signal(SIGHUP, SIG_IGN);
  {
    const NotedSignals signals;
    ::raise(SIGHUP);
    EXPECT_FALSE(signals.first());
  }
  ::signal(SIGHUP, SIG_DFL);
}

}  // namespace
}  // namespace zeus
