#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/http_client/address.h"
#include "zeus/http_client/connection.h"

namespace zeus::http {

/// An answer that goes on, event by event, on a connection of its own. Source: server-sent events, section 9.2 of the
/// HTML standard; of an event its data count. Blocks; not thread-safe.
class EventReader {
 public:
  /// Asks, and waits for the head of the answer. `timeout` bounds each of connecting, sending and receiving; `stop` is
  /// that of Connection::Open. With another status than 200: kPermissionDenied for 401 and 403, else
  /// kFailedPrecondition, with what the server says.
  static Result<EventReader> Open(const ServerAddress& address, const Question& question,
                                  std::chrono::milliseconds timeout, std::stop_token stop = {});

  /// The next event's data; absent: none came within `wait`. kUnavailable once the server has ended the answer, or is
  /// gone; kInvalidData for an event that does not end within 1 MiB.
  Result<std::optional<std::string>> Next(std::chrono::milliseconds wait);

  /// See Connection::descriptor().
  [[nodiscard]] int descriptor() const { return connection_.descriptor(); }

 private:
  explicit EventReader(Connection connection) : connection_(std::move(connection)) {}

  // The data of the first event that has come whole.
  std::optional<std::string> TakeWhole();

  Connection connection_;
  std::string text_;  // What came and was not taken.
};

}  // namespace zeus::http
