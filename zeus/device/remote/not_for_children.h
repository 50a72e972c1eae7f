#pragma once

#include <mutex>
#include <set>

namespace zeus {

/// Sockets that a child made by fork(2) closes at once: as long as it had them, whoever is at the other end would take
/// this process for alive. Never destroyed. Thread-safe.
class NotForChildren {
 public:
  static NotForChildren& OfThisProcess();

  /// Nobody forks while this is held. Take it before a socket is made, and until it is added; or removed and closed.
  [[nodiscard]] std::unique_lock<std::mutex> HoldForks() { return std::unique_lock(mutex_); }

  /// These want HoldForks().
  void Add(int descriptor) { descriptors_.insert(descriptor); }
  void Remove(int descriptor) { descriptors_.erase(descriptor); }

 private:
  NotForChildren();

  static void BeforeFork();
  static void AfterForkInParent();
  static void AfterForkInChild();

  std::mutex mutex_;
  std::set<int> descriptors_;  // Guarded by mutex_.
};

}  // namespace zeus
