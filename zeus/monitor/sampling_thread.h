#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "zeus/base/clock.h"
#include "zeus/base/units.h"

namespace zeus {

/// How well a sampling thread kept its deadlines.
struct SamplingStatistics {
  uint64_t rounds = 0;       ///< Rounds of samples taken on time or late.
  uint64_t lost_rounds = 0;  ///< Deadlines at which the round before was not yet done: none was taken.
  Seconds max_lateness;      ///< From a deadline to the beginning of its round.
  Seconds p99_lateness;      ///< 99 of 100 rounds were less late, to within an eighth.
};

/// Counts latenesses in a fixed number of bins whose widths grow with the lateness: an eighth of it. Not thread-safe.
class LatenessHistogram {
 public:
  void Add(std::chrono::nanoseconds lateness);
  void AddLost(uint64_t rounds) { lost_ += rounds; }
  [[nodiscard]] SamplingStatistics Statistics() const;

 private:
  std::array<uint64_t, 320> bins_{};
  uint64_t count_ = 0;
  uint64_t lost_ = 0;
  std::chrono::nanoseconds max_{0};
};

/// Calls a function at fixed times on a thread of its own: deadline n is n periods after the start, so that lateness
/// does not add up. Deadlines that have passed when a round ends are skipped and counted. Its destructor waits for a
/// round under way, and no longer.
class SamplingThread {
 public:
  /// The first round is after one period, which is above 0.
  SamplingThread(Seconds period, std::function<void()> round);
  SamplingThread(const SamplingThread&) = delete;
  SamplingThread& operator=(const SamplingThread&) = delete;
  ~SamplingThread();

  [[nodiscard]] SamplingStatistics statistics() const;

 private:
  void Run(std::chrono::nanoseconds period, const std::function<void()>& round);
  /// Sleeps until then; false when the thread is to end.
  bool SleepUntil(Time deadline);

  mutable std::mutex mutex_;
  LatenessHistogram lateness_;  // Guarded by mutex_.

  // A plain condition variable and not one that a stop token wakes: that costs several times as much a round.
  std::mutex sleeping_;
  std::condition_variable stopped_;
  bool stop_ = false;   // Guarded by sleeping_.
  std::thread thread_;  // The last member: it begins when all others are there.
};

}  // namespace zeus
