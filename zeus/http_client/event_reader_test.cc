#include "zeus/http_client/event_reader.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stop_token>
#include <thread>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/unique_fd.h"
#include "zeus/http_client/client.h"

namespace zeus::http {
namespace {

using std::chrono::milliseconds;
using testing::IsError;
using testing::IsOk;

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string Chunk(std::string_view text) {
  char size[16];
  std::snprintf(size, sizeof(size), "%zx\r\n", text.size());
  return size + std::string(text) + "\r\n";
}

// Takes one connection, hears until an empty line, sends each piece after a moment, and then closes or hangs.
class RawServer {
 public:
  enum class End { kCloses, kHangs };

  RawServer(std::vector<std::string> pieces, End end) : listener_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket().native().copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::thread([this, pieces = std::move(pieces), end] { Serve(pieces, end); });
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  ~RawServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  [[nodiscard]] std::filesystem::path socket() const { return folder_.path() / "socket"; }

 private:
  void Serve(const std::vector<std::string>& pieces, End end) {
    const UniqueFd peer(::accept(listener_.get(), nullptr, nullptr));
    std::string heard;
    char part[4096];
    while (!heard.ends_with("\r\n\r\n")) {
      const ssize_t got = ::read(peer.get(), part, sizeof(part));
      if (got <= 0) return;
      heard.append(part, static_cast<size_t>(got));
    }
    for (const std::string& piece : pieces) {
      std::this_thread::sleep_for(milliseconds(5));
      EXPECT_EQ(::send(peer.get(), piece.data(), piece.size(), MSG_NOSIGNAL), static_cast<ssize_t>(piece.size()));
    }
    // Until the client has gone.
    if (end == End::kHangs) [[maybe_unused]]
      const ssize_t got = ::read(peer.get(), part, sizeof(part));
  }

  testing::TemporaryFolder folder_;
  UniqueFd listener_;
  std::thread thread_;
};

Result<EventReader> Open(const RawServer& server, milliseconds timeout = milliseconds(5000)) {
  return EventReader::Open(server.socket(), {.method = "GET", .target = "/events"}, timeout);
}

TEST(EventReaderTest, EventsComeInPieces) {
  const RawServer server(
      {std::string(kHead) + Chunk("data: one\n\ndata: t"), Chunk("wo\n"),
       Chunk("\n: a comment\n\ndata: a\ndata: b\n\nid: 7\n\n"), "5\r\ndat", "a:\r\n" + Chunk(" c\n\n")},
      RawServer::End::kHangs);
  Result<EventReader> reader = Open(server);
  ASSERT_THAT(reader, IsOk());
  for (const char* const expected : {"one", "two", "a\nb", "c"}) {
    const auto event = reader->Next(milliseconds(5000));
    ASSERT_THAT(event, IsOk());
    EXPECT_EQ(*event, expected);
  }
  const auto nothing = reader->Next(milliseconds(10));
  ASSERT_THAT(nothing, IsOk());
  EXPECT_EQ(*nothing, std::nullopt);
}

TEST(EventReaderTest, TheEndOfTheAnswer) {
  const RawServer server({std::string(kHead) + Chunk("data: one\n\n") + "0\r\n\r\n"}, RawServer::End::kCloses);
  Result<EventReader> reader = Open(server);
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT(reader->Next(milliseconds(5000)), IsOk());
  EXPECT_THAT(reader->Next(milliseconds(5000)), IsError(ErrorCode::kUnavailable, "the server ended its answer"));
}

TEST(EventReaderTest, AServerThatDies) {
  const RawServer server({std::string(kHead) + Chunk("data: o")}, RawServer::End::kCloses);
  Result<EventReader> reader = Open(server);
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT(reader->Next(milliseconds(5000)), IsError(ErrorCode::kUnavailable, "broke off"));
}

TEST(EventReaderTest, AnotherStatus) {
  const RawServer refuses({"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"}, RawServer::End::kHangs);
  EXPECT_THAT(Open(refuses), IsError(ErrorCode::kPermissionDenied, "GET /events: 403: no"));
  const RawServer wrong({"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}, RawServer::End::kCloses);
  EXPECT_THAT(Open(wrong), IsError(ErrorCode::kFailedPrecondition, "404"));
}

TEST(EventReaderTest, NobodyAnswers) {
  const RawServer mute({}, RawServer::End::kHangs);
  EXPECT_THAT(Open(mute, milliseconds(20)), IsError(ErrorCode::kUnavailable, "no answer"));
  EXPECT_THAT(EventReader::Open(std::filesystem::path("/nowhere"), {.method = "GET", .target = "/"}, milliseconds(20)),
              IsError(ErrorCode::kUnavailable, "cannot connect"));
  EXPECT_THAT(EventReader::Open(std::filesystem::path(std::string(200, 'x')), {.method = "GET", .target = "/"},
                                milliseconds(20)),
              IsError(ErrorCode::kInvalidArgument, "too long"));
}

// Requests a stop in a moment, and says how long `wait` took.
template <class Wait>
std::chrono::steady_clock::duration StoppedAfter(std::stop_source& stop, Wait wait) {
  const auto begin = std::chrono::steady_clock::now();
  std::jthread stops([&stop] {
    std::this_thread::sleep_for(milliseconds(20));
    stop.request_stop();
  });
  wait();
  return std::chrono::steady_clock::now() - begin;
}

TEST(EventReaderTest, AStopEndsWaiting) {
  constexpr milliseconds kLong(60'000);
  const RawServer silent({std::string(kHead) + Chunk("data: one\n\n")}, RawServer::End::kHangs);
  std::stop_source stop;
  auto reader = EventReader::Open(silent.socket(), {.method = "GET", .target = "/events"}, kLong, stop.get_token());
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT(reader->Next(kLong), IsOk());
  EXPECT_LT(StoppedAfter(stop, [&] { EXPECT_THAT(reader->Next(kLong), IsError(ErrorCode::kUnavailable, "")); }),
            kLong / 2);
  EXPECT_THAT(reader->Next(kLong), IsError(ErrorCode::kUnavailable, ""));  // From now on.
}

TEST(EventReaderTest, AStopEndsOpening) {
  constexpr milliseconds kLong(60'000);
  const RawServer mute({}, RawServer::End::kHangs);
  std::stop_source stop;
  const auto open = [&] {
    return EventReader::Open(mute.socket(), {.method = "GET", .target = "/"}, kLong, stop.get_token());
  };
  EXPECT_LT(StoppedAfter(stop, [&] { EXPECT_THAT(open(), IsError(ErrorCode::kUnavailable, "no answer")); }), kLong / 2);
  EXPECT_THAT(open(), IsError(ErrorCode::kUnavailable, "cannot connect"));
}

TEST(EventReaderTest, AnEventWithoutAnEnd) {
  const RawServer server({std::string(kHead) + Chunk("data: " + std::string((1 << 20) + 1000, 'x'))},
                         RawServer::End::kHangs);
  Result<EventReader> reader = Open(server);
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT(reader->Next(milliseconds(5000)), IsError(ErrorCode::kInvalidData, "without an end"));
}

TEST(ClientTest, AsksAgainOverAConnectionThatEnded) {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  const RawServer server({answer}, RawServer::End::kCloses);
  Client client(server.socket());
  EXPECT_EQ(client.Send("GET", "/").value_or(Answer()).body, "hi");
  EXPECT_THAT(client.Send("GET", "/"), IsError(ErrorCode::kUnavailable, ""));
}

}  // namespace
}  // namespace zeus::http
