#include "zeus/http_client/event_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace zeus::http {
namespace {

// Of an error's text; an answer that goes on never ends by itself.
constexpr size_t kMostOfAnError = 4096;
constexpr size_t kMostOfAnEvent = size_t{1} << 20;

ErrorCode CodeOf(int status) {
  return status == 401 || status == 403 ? ErrorCode::kPermissionDenied : ErrorCode::kFailedPrecondition;
}

}  // namespace

Result<EventReader> EventReader::Open(const ServerAddress& address, const Question& question,
                                      std::chrono::milliseconds timeout, std::stop_token stop) {
  ZEUS_ASSIGN_OR_RETURN(Connection connection, Connection::Open(address, timeout, std::move(stop)));
  ZEUS_RETURN_IF_ERROR(connection.Send(question));
  ZEUS_ASSIGN_OR_RETURN(const Answer head, connection.ReceiveHead());
  constexpr int kOk = 200;
  if (head.status == kOk) return EventReader(std::move(connection));
  std::string words;
  while (words.size() < kMostOfAnError) {
    const Result<std::optional<std::string>> piece = connection.ReceivePiece(timeout);
    if (!piece || !*piece || (*piece)->empty()) break;
    words += **piece;
  }
  return Fail(CodeOf(head.status), fmt::format("{} {}: {}: {}", question.method, question.target, head.status, words));
}

Result<std::optional<std::string>> EventReader::Next(std::chrono::milliseconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  while (true) {
    if (std::optional<std::string> data = TakeWhole()) return data;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    ZEUS_ASSIGN_OR_RETURN(const std::optional<std::string> piece,
                          connection_.ReceivePiece(std::max(left, std::chrono::milliseconds(0))));
    if (!piece) return Fail(ErrorCode::kUnavailable, "the server ended its answer");
    if (piece->empty() && left.count() <= 0) return std::optional<std::string>();
    text_ += *piece;
    if (text_.size() > kMostOfAnEvent && text_.find("\n\n") == std::string::npos) {
      return Fail(ErrorCode::kInvalidData, "the server sends an event without an end");
    }
  }
}

std::optional<std::string> EventReader::TakeWhole() {
  constexpr std::string_view kEnd = "\n\n";
  constexpr std::string_view kData = "data: ";
  while (true) {
    const size_t end = text_.find(kEnd);
    if (end == std::string::npos) return std::nullopt;
    const std::string event = text_.substr(0, end);
    text_.erase(0, end + kEnd.size());
    std::optional<std::string> data;
    for (size_t begin = 0; begin <= event.size();) {
      const size_t line_end = std::min(event.find('\n', begin), event.size());
      const std::string_view line = std::string_view(event).substr(begin, line_end - begin);
      if (line.starts_with(kData)) data = (data ? *data + "\n" : "") + std::string(line.substr(kData.size()));
      begin = line_end + 1;
    }
    if (data) return data;
  }
}

}  // namespace zeus::http
