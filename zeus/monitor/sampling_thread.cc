#include "zeus/monitor/sampling_thread.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace zeus {
namespace {

using std::chrono::nanoseconds;

// Bins 0 to 7 are single nanoseconds; then eight to each doubling.
size_t BinOf(nanoseconds lateness) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(lateness.count(), 0));
  if (value < 8) return static_cast<size_t>(value);
  const int doublings = static_cast<int>(std::bit_width(value)) - 4;
  return static_cast<size_t>(8 * doublings) + static_cast<size_t>(value >> doublings);
}

/// The largest lateness of a bin.
Seconds UpperEdge(size_t bin) {
  if (bin < 8) return Seconds(static_cast<double>(bin) * 1e-9);
  const size_t doublings = bin / 8 - 1;
  const double above = static_cast<double>(bin % 8 + 9) * static_cast<double>(uint64_t{1} << doublings);
  return Seconds((above - 1) * 1e-9);
}

Seconds ToSeconds(nanoseconds duration) {
  return Seconds(std::chrono::duration<double>(duration).count());
}

/// Bounds that keep the clock's arithmetic in range.
nanoseconds ToDuration(Seconds period) {
  constexpr double kShortest = 1e-6;
  constexpr double kLongest = 24 * 3600;
  return nanoseconds(static_cast<int64_t>(std::clamp(period.value(), kShortest, kLongest) * 1e9));
}

}  // namespace

void LatenessHistogram::Add(nanoseconds lateness) {
  ++bins_[std::min(BinOf(lateness), bins_.size() - 1)];
  ++count_;
  max_ = std::max(max_, lateness);
}

SamplingStatistics LatenessHistogram::Statistics() const {
  SamplingStatistics statistics{.rounds = count_, .lost_rounds = lost_, .max_lateness = ToSeconds(max_)};
  // Rounded up: of fewer than 100 rounds it is the latest.
  uint64_t below = count_ - count_ / 100;
  for (size_t bin = 0; bin < bins_.size() && below > 0; ++bin) {
    if (bins_[bin] >= below) {
      statistics.p99_lateness = std::min(UpperEdge(bin), statistics.max_lateness);
      break;
    }
    below -= bins_[bin];
  }
  return statistics;
}

SamplingThread::SamplingThread(Seconds period, std::function<void()> round)
    : thread_([this, period = ToDuration(period), round = std::move(round)] { Run(period, round); }) {}

SamplingThread::~SamplingThread() {
  {
    const std::scoped_lock lock(sleeping_);
    stop_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

bool SamplingThread::SleepUntil(Time deadline) {
  std::unique_lock lock(sleeping_);
  return !stopped_.wait_until(lock, deadline, [this] { return stop_; });
}

void SamplingThread::Run(nanoseconds period, const std::function<void()>& round) {
  auto deadline = std::chrono::steady_clock::now();
  while (true) {
    deadline += period;
    if (const nanoseconds behind = std::chrono::steady_clock::now() - deadline; behind >= period) {
      const int64_t lost = behind / period;
      deadline += lost * period;
      const std::scoped_lock lock(mutex_);
      lateness_.AddLost(static_cast<uint64_t>(lost));
    }
    if (!SleepUntil(deadline)) return;
    const nanoseconds lateness = std::chrono::steady_clock::now() - deadline;
    {
      const std::scoped_lock lock(mutex_);
      lateness_.Add(std::max(lateness, nanoseconds(0)));
    }
    round();
  }
}

SamplingStatistics SamplingThread::statistics() const {
  const std::scoped_lock lock(mutex_);
  return lateness_.Statistics();
}

}  // namespace zeus
