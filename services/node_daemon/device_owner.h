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
///
/// A device that has been answering at once needs no other thread: to wake one takes longer than the answer. Then a
/// server's own thread does what is asked for, stepping aside, as long as the owner has nothing else to do; and waits
/// for another one's turn to be over, as long as that may take.
class DeviceOwner {
 public:
  using Task = std::move_only_function<void()>;

  DeviceOwner();
  DeviceOwner(const DeviceOwner&) = delete;
  DeviceOwner& operator=(const DeviceOwner&) = delete;
  ~DeviceOwner();  ///< Stops.

  /// After all that was posted before. Dropped, once it has stopped.
  void Post(Task task);
  /// The same; where the device is quick, by the calling thread, before this returns.
  void Do(Task task);
  /// Not before `due`; what is posted meanwhile goes first.
  void PostAt(Time due, Task task);

  /// Finishes what was posted, drops what is not due, and ends. Not from its own thread.
  void Stop();

 private:
  void Run();
  bool DoneHere(Task& task);
  // Waits for its turn, but not for long.
  bool DoneAside(Task& task);
  // Whether it was over at once.
  static bool RunTimed(Task& task);
  // With the lock.
  void EndTurn(bool quick);

  std::mutex mutex_;  // Guards those below.
  std::deque<Task> ready_;
  std::multimap<Time, Task> later_;
  bool busy_ = false;     // Somebody is doing something, without the lock.
  int quick_in_row_ = 0;  // So many that were done were over at once.
  bool stopping_ = false;
  int waiting_ = 0;  // A server's threads, for their turn.
  std::condition_variable news_;
  std::condition_variable turn_over_;

  std::mutex stop_mutex_;  // One Stop() at a time.
  std::thread thread_;     // The last: it uses the others.
};

}  // namespace zeus
