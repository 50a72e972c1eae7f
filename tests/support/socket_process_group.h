#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "zeus/training/process_group.h"

namespace zeus::testing {

/// Ranks that are processes; an all-reduce goes over sockets, through rank 0. A rank that is gone is an error of the
/// others, at once or after some seconds.
class SocketProcessGroup final : public ProcessGroup {
 public:
  /// `peers`: on rank 0 a socket to each other rank, in order; on the others one to rank 0.
  SocketProcessGroup(int rank, int size, std::vector<int> peers) : rank_(rank), size_(size), peers_(std::move(peers)) {}

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }

  Result<void> AllReduce(std::span<double> values, Reduction reduction) override {
    std::vector<double> other(values.size());
    if (rank_ != 0) {
      ZEUS_RETURN_IF_ERROR(Send(peers_[0], values));
      return Receive(peers_[0], values);
    }
    for (const int peer : peers_) {
      ZEUS_RETURN_IF_ERROR(Receive(peer, other));
      for (size_t i = 0; i < values.size(); ++i) {
        values[i] = reduction == Reduction::kSum ? values[i] + other[i] : std::max(values[i], other[i]);
      }
    }
    for (const int peer : peers_) ZEUS_RETURN_IF_ERROR(Send(peer, values));
    return {};
  }

 private:
  static Result<void> Send(int socket, std::span<const double> values) {
    const auto bytes = static_cast<ssize_t>(values.size_bytes());
    if (::send(socket, values.data(), values.size_bytes(), MSG_NOSIGNAL) == bytes) return {};
    return Fail(ErrorCode::kUnavailable, "a rank is gone");
  }

  static Result<void> Receive(int socket, std::span<double> values) {
    constexpr int kLongestMilliseconds = 20'000;
    pollfd waited{.fd = socket, .events = POLLIN, .revents = 0};
    const auto bytes = static_cast<ssize_t>(values.size_bytes());
    if (::poll(&waited, 1, kLongestMilliseconds) == 1 &&
        ::recv(socket, values.data(), values.size_bytes(), MSG_WAITALL) == bytes) {
      return {};
    }
    return Fail(ErrorCode::kUnavailable, "a rank is gone");
  }

  int rank_;
  int size_;
  std::vector<int> peers_;
};

/// Runs `body` on so many ranks, each a process, and returns what each returned (its exit status; -1 when a signal
/// ended it). Fork before starting threads.
inline std::vector<int> RunRanks(int size, const std::function<int(SocketProcessGroup&)>& body) {
  std::vector<int> at_first;
  std::vector<int> at_others;
  for (int rank = 1; rank < size; ++rank) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      ADD_FAILURE() << "no sockets";
      return {};
    }
    at_first.push_back(ends[0]);
    at_others.push_back(ends[1]);
  }
  std::vector<pid_t> children;
  for (int rank = 0; rank < size; ++rank) {
    const pid_t child = ::fork();
    if (child == 0) {
      // Each rank keeps its own ends only, so that the others see it go.
      for (int other = 1; other < size; ++other) {
        if (rank != 0) ::close(at_first[static_cast<size_t>(other - 1)]);
        if (rank != other) ::close(at_others[static_cast<size_t>(other - 1)]);
      }
      SocketProcessGroup group(rank, size,
                               rank == 0 ? at_first : std::vector{at_others[static_cast<size_t>(rank - 1)]});
      ::_exit(body(group));
    }
    children.push_back(child);
  }
  for (const int socket : at_first) ::close(socket);
  for (const int socket : at_others) ::close(socket);
  std::vector<int> statuses;
  for (const pid_t child : children) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    statuses.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  }
  return statuses;
}

}  // namespace zeus::testing
