#include "services/node_daemon/device_owner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "services/http/step_aside.h"

namespace zeus {
namespace {

// Less than it takes to wake another thread and to be woken by it.
constexpr std::chrono::microseconds kQuick{50};
// How many in a row make a device a quick one.
constexpr int kQuickEnough = 8;

}  // namespace

DeviceOwner::DeviceOwner() : thread_([this] { Run(); }) {}

DeviceOwner::~DeviceOwner() {
  Stop();
}

void DeviceOwner::Post(Task task) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    ready_.push_back(std::move(task));
  }
  news_.notify_one();
}

void DeviceOwner::Do(Task task) {
  if (!DoneHere(task)) Post(std::move(task));
}

bool DeviceOwner::DoneHere(Task& task) {
  if (!http::MayStepAside()) return false;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || !ready_.empty() || quick_in_row_ < kQuickEnough) return false;
  }
  bool done = false;
  http::StepAside([&] { done = DoneAside(task); });
  return done;
}

bool DeviceOwner::DoneAside(Task& task) {
  std::unique_lock lock(mutex_);
  if (busy_) {
    ++waiting_;
    turn_over_.wait_for(lock, kQuick, [this] { return !busy_; });
    --waiting_;
  }
  if (busy_ || stopping_ || !ready_.empty()) return false;
  busy_ = true;
  lock.unlock();
  const bool quick = RunTimed(task);
  lock.lock();
  EndTurn(quick);
  if (!ready_.empty() || !later_.empty() || stopping_) news_.notify_one();
  return true;
}

bool DeviceOwner::RunTimed(Task& task) {
  const Time begin = std::chrono::steady_clock::now();
  task();
  task = nullptr;  // What it holds goes before the next one begins, and without the lock.
  return std::chrono::steady_clock::now() - begin < kQuick;
}

void DeviceOwner::EndTurn(bool quick) {
  quick_in_row_ = quick ? std::min(quick_in_row_ + 1, kQuickEnough) : 0;
  busy_ = false;
  if (waiting_ > 0) turn_over_.notify_one();
}

void DeviceOwner::PostAt(Time due, Task task) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    later_.emplace(due, std::move(task));
  }
  news_.notify_one();
}

void DeviceOwner::Stop() {
  const std::scoped_lock stop_lock(stop_mutex_);
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  news_.notify_one();
  thread_.join();
  const std::scoped_lock lock(mutex_);
  later_.clear();
}

void DeviceOwner::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    const Time now = std::chrono::steady_clock::now();
    while (!later_.empty() && later_.begin()->first <= now) {
      ready_.push_back(std::move(later_.extract(later_.begin()).mapped()));
    }
    if (!busy_ && !ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop_front();
      busy_ = true;
      lock.unlock();
      const bool quick = RunTimed(task);
      lock.lock();
      EndTurn(quick);
    } else if (!busy_ && stopping_) {
      return;
    } else if (busy_ || later_.empty()) {
      news_.wait(lock);
    } else {
      news_.wait_until(lock, later_.begin()->first);
    }
  }
}

}  // namespace zeus
