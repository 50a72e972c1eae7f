#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/http_client/address.h"

namespace zeus {

/// What one connection says: the next request, whole, once the answer to the last is there.
class Dialogue {
 public:
  virtual ~Dialogue() = default;
  /// `body`: of the answer; empty before the first request.
  virtual std::string Next(std::string_view body) = 0;
};

/// What clients do until there is an answer. Those that sleep are woken by it, which on a virtual machine may take
/// longer than the answer itself, and costs whoever answers; those that look for it again and again keep a core busy.
enum class ClientWait { kAsleep, kLooking };

/// Who drives the connections: one thread all of them, so that clients cost the machine little beside the server, or a
/// thread each of them, as where each client is a program of its own.
enum class ClientThreads { kOne, kOneEach };

struct LoadOptions {
  std::chrono::nanoseconds time = std::chrono::seconds(4);
  int requests_per_turn = 1;
  /// Each connection begins a turn this often; by default when the last one is over.
  std::optional<std::chrono::nanoseconds> pause = {};
  ClientWait wait = ClientWait::kAsleep;
  ClientThreads threads = ClientThreads::kOne;
};

struct LoadFigures {
  double turns_per_second = 0;
  double turn_p99_ms = 0;  ///< From when turns were due: those that began late are not forgiven.
  double request_median_ms = 0;
  double request_p99_ms = 0;  ///< From when requests were sent.
};

/// A connection to a server on this machine for each dialogue. Ends the program at a wrong answer.
class HttpLoad {
 public:
  HttpLoad(const http::ServerAddress& address, std::vector<std::unique_ptr<Dialogue>> dialogues);
  HttpLoad(const HttpLoad&) = delete;
  HttpLoad& operator=(const HttpLoad&) = delete;
  ~HttpLoad();

  /// To be called again at will: the connections stay.
  LoadFigures Drive(const LoadOptions& options);

 private:
  class Connection;
  struct Waits;
  static Waits DriveSome(std::span<const std::unique_ptr<Connection>> connections, const LoadOptions& options);

  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace zeus
