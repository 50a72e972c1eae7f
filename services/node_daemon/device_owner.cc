#include "services/node_daemon/device_owner.h"

#include <utility>

namespace zeus {

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
    if (!ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // What it holds goes before the next one begins, and without the lock.
      lock.lock();
    } else if (stopping_) {
      return;
    } else if (later_.empty()) {
      news_.wait(lock);
    } else {
      news_.wait_until(lock, later_.begin()->first);
    }
  }
}

}  // namespace zeus
