#include "python/bindings/settings_queue.h"

#include <cstdio>
#include <utility>

#include "zeus/base/thread_without_signals.h"
#include "zeus/control/live_borrowings.h"

namespace zeus::python {

void SettingsQueue::Post(std::function<Result<void>()> setting) {
  const std::scoped_lock lock(mutex_);
  waiting_.push_back(std::move(setting));
  if (!thread_.joinable()) thread_ = ThreadWithoutSignals([this] { Serve(); });
  changed_.notify_all();
}

void SettingsQueue::Finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() && !is_busy_; });
}

void SettingsQueue::Serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !waiting_.empty(); });
    const std::function<Result<void>()> setting = std::move(waiting_.front());
    waiting_.pop_front();
    is_busy_ = true;
    lock.unlock();
    const Result<void> made = setting();
    // At the end everything is put back, and what is still asked for then need not be.
    if (!made && !LiveBorrowings::OfThisProcess().ending()) {
      std::fprintf(stderr, "zeus: %s\n", made.error().message.c_str());
    }
    lock.lock();
    is_busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace zeus::python
