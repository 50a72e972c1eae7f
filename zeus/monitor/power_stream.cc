#include "zeus/monitor/power_stream.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "zeus/device/remote/node_answers_json.h"
#include "zeus/http_client/client.h"
#include "zeus/http_client/event_reader.h"
#include "zeus/monitor/node_clock.h"

namespace zeus {

std::function<Result<WallTime>()> TimeOf(const NodeConfig& node, std::chrono::milliseconds timeout,
                                         std::stop_token stop) {
  // Shared, because a std::function must be copyable.
  const auto client = std::make_shared<http::Client>(node.address, timeout, std::move(stop));
  if (!node.token.empty()) client->SetToken(node.token);
  return [client, endpoint = node.Endpoint()]() -> Result<WallTime> {
    ZEUS_ASSIGN_OR_RETURN(const http::Answer answer, client->Send("GET", "/time"));
    constexpr int kOk = 200;
    if (answer.status != kOk) {
      return Fail(ErrorCode::kUnavailable, fmt::format("Zeusd at {}: /time: HTTP {}", endpoint, answer.status));
    }
    ZEUS_ASSIGN_OR_RETURN(const int64_t milliseconds, node::ParseTime(answer.body, endpoint));
    return ToWallTime(milliseconds);
  };
}

PowerStream::PowerStream(StreamKey key, Source source, const PowerStreamsOptions& options, PowerBoard& board)
    : key_(key), options_(options), board_(board), source_(std::move(source)), thread_([this](std::stop_token stop) {
        Run(stop);
      }) {}

void PowerStream::Run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  while (true) {
    const Result<void> ended = Follow(stop);
    if (stop.stop_requested()) return;
    const bool for_good = ended.error().code == ErrorCode::kPermissionDenied;
    board_.End(key_, ended.error(), for_good ? PowerBoard::Ending::kForGood : PowerBoard::Ending::kForNow);
    if (for_good) return;
    std::unique_lock lock(mutex);
    if (stopped.wait_for(lock, stop, options_.reconnect_delay, [&] { return stop.stop_requested(); })) return;
  }
}

Result<void> PowerStream::Follow(const std::stop_token& stop) {
  if (!std::exchange(offset_is_fresh_, false)) {
    // It may be another machine, or its clock may have been set.
    ZEUS_ASSIGN_OR_RETURN(source_.clock_offset,
                          MeasureClockOffset(TimeOf(source_.node, options_.timeout, stop), options_.now));
  }
  const http::Question question{
      .method = "GET", .target = source_.target, .body = {}, .token = source_.node.token, .headers = {}};
  ZEUS_ASSIGN_OR_RETURN(http::EventReader reader,
                        http::EventReader::Open(source_.node.address, question, options_.timeout, stop));
  board_.Begin(key_);
  while (true) {
    ZEUS_ASSIGN_OR_RETURN(const std::optional<std::string> data, reader.Next(options_.longest_silence));
    if (!data) {
      ZEUS_RETURN_IF_ERROR(AskWhetherItIsThere(stop));
      continue;
    }
    Result<PowerEvent> event = ParsePowerEvent(key_.kind, *data);
    if (!event) {
      board_.AddBad(key_, event.error());
      continue;
    }
    event->time += source_.clock_offset;
    board_.Add(key_, *event);
  }
}

Result<void> PowerStream::AskWhetherItIsThere(const std::stop_token& stop) const {
  ZEUS_RETURN_IF_ERROR(TimeOf(source_.node, options_.timeout, stop)());
  return {};
}

}  // namespace zeus
