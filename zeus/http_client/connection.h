#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/http_client/address.h"
#include "zeus/http_client/answer.h"

namespace zeus::http {

struct Question {
  std::string_view method;
  std::string_view target;
  std::string body = {};
  std::string_view token = {};  ///< Sent as "Authorization: Bearer TOKEN" unless empty.
  NamedTexts headers = {};
};

/// What Client and EventReader speak through. Blocks; not thread-safe. After an error it is of no more use.
///
/// Errors: kUnavailable where the server cannot be reached, ends the connection, or takes longer than the timeout.
class Connection {
 public:
  /// `timeout` bounds each of connecting, sending and receiving. Once `stop` is requested, whatever waits here, now or
  /// later, ends at once with kUnavailable; looking up a host's name alone does not.
  static Result<Connection> Open(const ServerAddress& address, std::chrono::milliseconds timeout,
                                 std::stop_token stop = {});
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  Result<void> Send(const Question& question);

  /// The whole answer.
  Result<Answer> Receive();
  /// Whether another question may follow the last answer.
  [[nodiscard]] bool is_reusable() const;

  /// Its socket, which programs that this one starts do not inherit; for poll(2), and for a forked child to close.
  [[nodiscard]] int descriptor() const;

  /// An answer that goes on: its head first, without a body.
  Result<Answer> ReceiveHead();
  /// Then a piece of its body. Empty: none came within `wait`; absent: the answer has ended.
  Result<std::optional<std::string>> ReceivePiece(std::chrono::milliseconds wait);

 private:
  class Impl;
  explicit Connection(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace zeus::http
