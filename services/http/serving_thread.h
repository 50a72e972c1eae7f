#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace zeus::http {

/// The thread that runs an io_context's handlers, one at a time. A handler may step aside (step_aside.h) for what is
/// over in no time but for when a driver hangs: then a stand-in goes on with the other handlers, and hands back when
/// the first is there again. With nothing to do neither thread wakes up.
class ServingThread {
 public:
  /// The context outlives it, and is made for more than one thread.
  explicit ServingThread(boost::asio::io_context& io) : io_(io) {}
  ServingThread(const ServingThread&) = delete;
  ServingThread& operator=(const ServingThread&) = delete;
  ~ServingThread() { Join(); }

  /// Runs the context until it has nothing more to do or is stopped.
  void Start();
  /// Waits for that end. Nothing, where it has not started.
  void Join();

  /// Whose turn it is not to run handlers until `work` is done. On its own thread alone, in a handler.
  void StepAside(const std::function<void()>& work);

 private:
  // Whose turn it is, and in the higher bits how often the first stepped aside.
  enum Turn : uint64_t { kServing = 0, kAside = 1, kTaken = 2 };
  static constexpr uint64_t kTurnBits = 2;

  void StandIn();
  void WatchOnce(std::unique_lock<std::mutex>& lock);
  void ServeInstead();

  boost::asio::io_context& io_;
  std::atomic<uint64_t> turn_{kServing};
  std::atomic<bool> watched_{false};  // The stand-in looks at the turn every now and then.

  std::mutex mutex_;  // Guards these, and `watched_` where it is set.
  std::condition_variable changed_;
  bool wanted_back_ = false;
  bool over_ = false;

  // The stand-in's.
  uint64_t last_seen_ = 0;
  int quiet_looks_ = 0;

  std::thread first_;
  std::thread stand_in_;
};

}  // namespace zeus::http
