#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "zeus/base/result.h"

namespace zeus::python {

/// Makes settings that nobody waits for, one after the other, on a thread of its own. Thread-safe; call it without the
/// GIL. What fails is told on standard error. Never destroyed, like the Machine that it belongs to.
class SettingsQueue {
 public:
  void Post(std::function<Result<void>()> setting);
  /// Waits for what was posted before.
  void Finish();

 private:
  void Serve();

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::deque<std::function<Result<void>()>> waiting_;
  bool is_busy_ = false;
  std::jthread thread_;  // From the first Post() on.
};

}  // namespace zeus::python
