#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <set>

#include "services/http/server_connection.h"

namespace zeus::http {

/// The connections of a thread, and when each is closed if nothing happens until then. One timer for all of them: to
/// set a deadline costs no system call. On that thread alone.
class Deadlines {
 public:
  using Clock = std::chrono::steady_clock;

  /// Deadlines are kept to a sixteenth of `shortest`, and to a second.
  Deadlines(boost::asio::io_context& io, std::chrono::milliseconds shortest);

  void Add(std::shared_ptr<ServerConnection> connection);
  /// Of one that was added; it does not close it.
  void Remove(const std::shared_ptr<ServerConnection>& connection);
  [[nodiscard]] const std::set<std::shared_ptr<ServerConnection>>& connections() const { return connections_; }

  /// The connection is closed after this time.
  void Set(ServerConnection& connection, Clock::duration after);
  static void Clear(ServerConnection& connection) { connection.deadline = Clock::time_point::max(); }

  /// No more timer: an end is near.
  void Stop() { timer_.cancel(); }

 private:
  void Arm(Clock::time_point when);
  void CloseOverdue();

  const Clock::duration grain_;
  boost::asio::steady_timer timer_;
  Clock::time_point armed_ = Clock::time_point::max();
  std::set<std::shared_ptr<ServerConnection>> connections_;  // Shared with each one's own coroutine.
};

}  // namespace zeus::http
