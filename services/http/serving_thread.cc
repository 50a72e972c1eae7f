#include "services/http/serving_thread.h"

#include <boost/asio/post.hpp>
#include <chrono>

#include "services/http/step_aside.h"

namespace zeus::http {
namespace {

// How long others wait for who stepped aside: between one of these and two.
constexpr std::chrono::milliseconds kPatience{5};
// So many looks that find nothing new are the last until somebody steps aside.
constexpr int kQuietLooks = 4;

thread_local ServingThread* serving_here = nullptr;

}  // namespace

bool MayStepAside() {
  return serving_here != nullptr;
}

void StepAside(const std::function<void()>& work) {
  serving_here->StepAside(work);
}

void ServingThread::Start() {
  first_ = std::thread([this] {
    serving_here = this;
    io_.run();
    const std::scoped_lock lock(mutex_);
    over_ = true;
    changed_.notify_all();
  });
  stand_in_ = std::thread([this] { StandIn(); });
}

void ServingThread::Join() {
  if (first_.joinable()) first_.join();
  if (stand_in_.joinable()) stand_in_.join();
}

void ServingThread::StepAside(const std::function<void()>& work) {
  const uint64_t times = (turn_.load(std::memory_order_relaxed) >> kTurnBits) + 1;
  uint64_t aside = times << kTurnBits | kAside;
  turn_.store(aside, std::memory_order_release);
  if (!watched_.load(std::memory_order_relaxed)) {
    const std::scoped_lock lock(mutex_);
    watched_.store(true, std::memory_order_relaxed);
    changed_.notify_all();
  }
  // Not to be taken for its own handler's by what `work` calls.
  serving_here = nullptr;
  work();
  serving_here = this;
  if (turn_.compare_exchange_strong(aside, times << kTurnBits | kServing, std::memory_order_acquire)) return;
  std::unique_lock lock(mutex_);
  if ((turn_.load(std::memory_order_relaxed) & kAside) != 0) {  // Given back unasked, because all was stopped.
    turn_.store(times << kTurnBits | kServing, std::memory_order_relaxed);
    return;
  }
  wanted_back_ = true;
  // The stand-in may be waiting for something to happen.
  boost::asio::post(io_, [] {});
  changed_.wait(lock, [this] { return !wanted_back_; });
}

void ServingThread::StandIn() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    if (watched_.load(std::memory_order_relaxed)) {
      WatchOnce(lock);
    } else {
      changed_.wait(lock);
    }
  }
}

void ServingThread::WatchOnce(std::unique_lock<std::mutex>& lock) {
  changed_.wait_for(lock, kPatience, [this] { return over_; });
  if (over_) return;
  uint64_t seen = turn_.load(std::memory_order_relaxed);
  const bool moved = seen != last_seen_;
  last_seen_ = seen;
  quiet_looks_ = moved ? 0 : quiet_looks_ + 1;
  if (moved) return;
  if ((seen & kAside) != 0) {
    const uint64_t taken = (seen >> kTurnBits << kTurnBits) | kTaken;
    if (!turn_.compare_exchange_strong(seen, taken, std::memory_order_acquire)) return;
    lock.unlock();
    ServeInstead();
    lock.lock();
  } else if (quiet_looks_ >= kQuietLooks) {
    watched_.store(false, std::memory_order_relaxed);
  }
}

void ServingThread::ServeInstead() {
  const uint64_t times = turn_.load(std::memory_order_relaxed) >> kTurnBits;
  while (true) {
    const bool stopped = io_.run_one() == 0;
    const std::scoped_lock lock(mutex_);
    if (!wanted_back_ && !stopped) continue;
    turn_.store(times << kTurnBits | (wanted_back_ ? kServing : kAside), std::memory_order_release);
    wanted_back_ = false;
    changed_.notify_all();
    return;
  }
}

}  // namespace zeus::http
