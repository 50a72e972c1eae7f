#include "zeus/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace zeus {
namespace {

TEST(ParallelForTest, CallsEachIndexOnce) {
  for (const size_t count : {size_t{0}, size_t{1}, size_t{2}, size_t{7}, size_t{1000}}) {
    for (const unsigned threads : {0U, 1U, 2U, 16U}) {
      std::vector<std::atomic<int>> calls(count);
      ParallelFor(count, threads, [&](size_t i) { ++calls[i]; });
      for (size_t i = 0; i < count; ++i) EXPECT_EQ(calls[i], 1) << i << " of " << count << " on " << threads;
    }
  }
}

TEST(ParallelForTest, RunsAsManyAtOnceAsThreadsWereAskedFor) {
  constexpr unsigned kThreads = 4;
  std::latch all_here(kThreads);  // Opens only when four calls are under way together.
  ParallelFor(kThreads, kThreads, [&](size_t) { all_here.arrive_and_wait(); });
}

TEST(ParallelForTest, OneThreadIsTheCallersInOrder) {
  std::vector<size_t> order;
  const std::thread::id caller = std::this_thread::get_id();
  ParallelFor(100, 1, [&](size_t i) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    order.push_back(i);
  });
  ASSERT_EQ(order.size(), 100U);
  for (size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], i);
}

TEST(ParallelForTest, UsesNoMoreThreadsThanAskedFor) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  ParallelFor(1000, 3, [&](size_t) {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_LE(threads.size(), 3U);
}

TEST(DefaultThreadCountTest, IsAtLeastOne) {
  EXPECT_GE(DefaultThreadCount(), 1U);
}

}  // namespace
}  // namespace zeus
