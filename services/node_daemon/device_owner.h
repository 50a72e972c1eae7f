#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "zeus/base/clock.h"

namespace zeus {

/// The thread that a device belongs to: it does what others ask for, one thing after the other, in the order in which
/// they asked. With nothing to do it does not wake up. Thread-safe.
class DeviceOwner {
 public:
  using Task = std::move_only_function<void()>;

  DeviceOwner();
  DeviceOwner(const DeviceOwner&) = delete;
  DeviceOwner& operator=(const DeviceOwner&) = delete;
  ~DeviceOwner();  ///< Stops.

  /// After all that was posted before. Dropped, once it has stopped.
  void Post(Task task);
  /// Not before `due`; what is posted meanwhile goes first.
  void PostAt(Time due, Task task);

  /// Finishes what was posted, drops what is not due, and ends. Not from its own thread.
  void Stop();

 private:
  void Run();

  std::mutex mutex_;  // Guards the three below.
  std::deque<Task> ready_;
  std::multimap<Time, Task> later_;
  bool stopping_ = false;
  std::condition_variable news_;

  std::mutex stop_mutex_;  // One Stop() at a time.
  std::thread thread_;     // The last: it uses the others.
};

}  // namespace zeus
