#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

namespace zeus::http {

/// What wakes a stream's coroutine. On the thread alone that sends streams.
struct StreamState {
  StreamState(boost::asio::io_context& io, std::chrono::milliseconds time_to_gather)
      : gather_time(time_to_gather), wake(io, boost::asio::steady_timer::time_point::max()) {}

  void Continue() {
    news = true;
    wake.cancel();
  }

  const std::chrono::milliseconds gather_time;
  boost::asio::steady_timer wake;
  bool news = true;
  bool gone = false;  // The client, or the connection.
};

/// Wakes streams on the thread that sends them: those together that have news within the time in which they gather it.
class StreamWakes {
 public:
  explicit StreamWakes(boost::asio::io_context& io) : io_(io), timer_(io) {}

  /// From any thread.
  void Wake(std::shared_ptr<StreamState> state);

 private:
  void Await(std::chrono::milliseconds gather_time);
  void WakeGathered();

  std::mutex mutex_;
  std::vector<std::shared_ptr<StreamState>> gathered_;  // Guarded by it: streams that have news.

  // On the thread alone that sends streams.
  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
};

}  // namespace zeus::http
