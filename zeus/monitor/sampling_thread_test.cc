#include "zeus/monitor/sampling_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "tests/support/print_quantities.h"

namespace zeus {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(LatenessHistogramTest, NothingYet) {
  const SamplingStatistics statistics = LatenessHistogram().Statistics();
  EXPECT_EQ(statistics.rounds, 0U);
  EXPECT_EQ(statistics.p99_lateness, Seconds(0));
  EXPECT_EQ(statistics.max_lateness, Seconds(0));
}

TEST(LatenessHistogramTest, The99thPercentileIsRightToAnEighth) {
  LatenessHistogram histogram;
  for (int i = 0; i < 990; ++i) histogram.Add(nanoseconds(50'000));
  for (int i = 0; i < 10; ++i) histogram.Add(nanoseconds(7'000'000));
  histogram.AddLost(3);
  const SamplingStatistics statistics = histogram.Statistics();
  EXPECT_EQ(statistics.rounds, 1000U);
  EXPECT_EQ(statistics.lost_rounds, 3U);
  EXPECT_GE(statistics.p99_lateness, Seconds(50e-6));
  EXPECT_LT(statistics.p99_lateness, Seconds(50e-6 * 1.125));
  EXPECT_EQ(statistics.max_lateness, Seconds(7e-3));
}

TEST(LatenessHistogramTest, EveryLatenessIsWithinAnEighthBelowItsBinsEdge) {
  for (int64_t lateness = 0; lateness < int64_t{1} << 40; lateness = lateness * 9 / 8 + 1) {
    LatenessHistogram histogram;
    for (int i = 0; i < 100; ++i) histogram.Add(nanoseconds(lateness));
    histogram.Add(nanoseconds(int64_t{1} << 41));
    const double found = histogram.Statistics().p99_lateness.value() * 1e9;
    EXPECT_GE(found, static_cast<double>(lateness) * (1 - 1e-9));
    EXPECT_LE(found, static_cast<double>(lateness) * 1.125 + 1e-6);
  }
}

TEST(LatenessHistogramTest, LongerThanAllBins) {
  LatenessHistogram histogram;
  histogram.Add(nanoseconds(INT64_MAX));
  EXPECT_GT(histogram.Statistics().p99_lateness, Seconds(1000));
}

TEST(SamplingThreadTest, KeepsItsRateWithoutDrift) {
  std::atomic<int> rounds = 0;
  const auto begin = std::chrono::steady_clock::now();
  const SamplingThread thread(Seconds(0.01), [&] {
    ++rounds;
    std::this_thread::sleep_for(milliseconds(2));
  });
  while (rounds < 30) std::this_thread::sleep_for(milliseconds(1));
  const auto passed = std::chrono::steady_clock::now() - begin;
  // With drift a round would take 12 ms. Deadlines lost on a busy machine pass, too.
  const SamplingStatistics statistics = thread.statistics();
  const auto periods = static_cast<double>(statistics.rounds + statistics.lost_rounds);
  EXPECT_NEAR(std::chrono::duration<double>(passed).count(), periods * 0.01, 0.011 + statistics.max_lateness.value());
}

TEST(SamplingThreadTest, DeadlinesMissedByALongRoundAreCountedAndNotMadeUpFor) {
  std::atomic<int> rounds = 0;
  const SamplingThread thread(Seconds(0.01), [&] {
    if (++rounds == 1) std::this_thread::sleep_for(milliseconds(55));
  });
  while (rounds < 2) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_GE(thread.statistics().lost_rounds, 4U);
}

TEST(SamplingThreadTest, StopsAtOnce) {
  std::atomic<int> rounds = 0;
  auto thread = std::make_unique<SamplingThread>(Seconds(3600), [&] { ++rounds; });
  const auto begin = std::chrono::steady_clock::now();
  thread.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_EQ(rounds, 0);
}

}  // namespace
}  // namespace zeus
