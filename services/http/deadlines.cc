#include "services/http/deadlines.h"

#include <algorithm>
#include <utility>

namespace zeus::http {

Deadlines::Deadlines(boost::asio::io_context& io, std::chrono::milliseconds shortest)
    : grain_(std::clamp<Clock::duration>(shortest / 16, std::chrono::milliseconds(1), std::chrono::seconds(1))),
      timer_(io) {}

void Deadlines::Add(std::shared_ptr<ServerConnection> connection) {
  connections_.insert(std::move(connection));
}

void Deadlines::Remove(const std::shared_ptr<ServerConnection>& connection) {
  connections_.erase(connection);
}

void Deadlines::Set(ServerConnection& connection, Clock::duration after) {
  connection.deadline = Clock::now() + after;
  if (connection.deadline < armed_) Arm(connection.deadline);
}

void Deadlines::Arm(Clock::time_point when) {
  armed_ = when;
  timer_.expires_at(when);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) CloseOverdue();
  });
}

void Deadlines::CloseOverdue() {
  const auto now = Clock::now();
  armed_ = Clock::time_point::max();
  auto next = armed_;
  for (const std::shared_ptr<ServerConnection>& connection : connections_) {
    if (connection->deadline <= now) {
      Clear(*connection);
      connection->Close();
    } else {
      next = std::min(next, connection->deadline);
    }
  }
  if (next < armed_) Arm(std::max(next, now + grain_));
}

}  // namespace zeus::http
