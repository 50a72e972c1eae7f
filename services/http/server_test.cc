#include "services/http/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <mutex>
#include <thread>

#include "tests/support/files.h"
#include "tests/support/http_server_case.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/unique_fd.h"
#include "zeus/http_client/client.h"

namespace zeus::http {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using ::testing::StartsWith;

using ServerTest = HttpServerCase;

TEST_F(ServerTest, HeadersAreFoundWhateverTheirCase) {
  Start();
  EXPECT_THAT(Raw("GET /header HTTP/1.1\r\nHost: x\r\nX-A-NAME:  A Value \r\n\r\n"), HasSubstr("<A Value>"));
  EXPECT_THAT(Raw("GET /header HTTP/1.1\r\nHost: x\r\n\r\n"), HasSubstr("none"));
}

TEST_F(ServerTest, AnswersRequestsOverOneConnection) {
  Start();
  Client client = NewClient();
  for (int i = 0; i < 3; ++i) {
    const Result<Answer> got = client.Send("GET", "/echo/a%20b?q=c");
    ASSERT_THAT(got, IsOk());
    EXPECT_EQ(got->status, 200);
    EXPECT_EQ(got->body, "a bc");
    EXPECT_EQ(got->content_type, "application/json");
    const Result<Answer> posted = client.Send("POST", "/echo", "{\"x\": 1}");
    ASSERT_THAT(posted, IsOk());
    EXPECT_EQ(posted->status, 201);
    EXPECT_EQ(posted->body, "{\"x\": 1}");
  }
}

TEST_F(ServerTest, ListensOnAUnixSocketAndReplacesADeadOne) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "socket";
  {
    const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  Start({.socket = path});
  EXPECT_EQ(Client(path).Send("GET", "/echo/x")->body, "x");
  EXPECT_FALSE(Server::Start({.socket = path}, router_));
  server_->Stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ServerTest, UnknownPathsAndMethodsAreTold) {
  Start();
  Client client = NewClient();
  const Result<Answer> unknown = client.Send("GET", "/nothing");
  ASSERT_THAT(unknown, IsOk());
  EXPECT_EQ(unknown->status, 404);
  EXPECT_EQ(unknown->body, R"({"detail":"Not Found"})");
  const Result<Answer> method = client.Send("DELETE", "/echo");
  ASSERT_THAT(method, IsOk());
  EXPECT_EQ(method->status, 405);
  EXPECT_EQ(method->body, R"({"detail":"Method Not Allowed"})");
  EXPECT_THAT(method->headers, ::testing::Contains(::testing::Pair("Allow", "POST")));
  EXPECT_EQ(client.Send("GET", "/echo/%zz")->status, 400);
}

TEST_F(ServerTest, AHandlerThatForgetsToAnswerAnswers500) {
  Start();
  EXPECT_EQ(NewClient().Send("GET", "/dropped")->status, 500);
}

TEST_F(ServerTest, WhatIsTooLargeIsRefusedAndOthersGoOn) {
  Start({.tcp = TcpAddress{}, .limits = {.header_bytes = 1024, .body_bytes = 1000}});
  Client client = NewClient();
  EXPECT_EQ(client.Send("POST", "/echo", std::string(1000, 'x'))->status, 201);
  EXPECT_THAT(Raw("POST /echo HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n" + std::string(10'000'000, 'x')),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Raw("GET / HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(client.Send("GET", "/echo/x")->body, "x");
}

TEST_F(ServerTest, WhatIsNoHttpIsToldSo) {
  Start();
  for (const char* const text : {"hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
                                 "POST /echo HTTP/1.1\r\nContent-Length: x\r\n\r\n"}) {
    const std::string answer = Raw(text);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << text;
    EXPECT_THAT(answer, HasSubstr("{\"detail\":\"")) << text;
  }
  EXPECT_EQ(Raw(""), "");
  EXPECT_EQ(NewClient().Send("GET", "/echo/x")->body, "x");
}

TEST_F(ServerTest, RequestsInOnePacketAreAnsweredInTheirOrder) {
  Start();
  const std::string all =
      Raw("GET /echo/1 HTTP/1.1\r\n\r\nPOST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\n<2>GET /echo/3 HTTP/1.1\r\n"
          "Connection: close\r\n\r\nGET /echo/4 HTTP/1.1\r\n\r\n",
          false);
  const size_t first = all.find("\r\n\r\n1HTTP/1.1 201 ");
  const size_t second = all.find("\r\n\r\n<2>HTTP/1.1 200 ");
  const size_t third = all.find("Connection: close\r\nContent-Length: 1\r\n\r\n3");
  EXPECT_LT(first, second) << all;
  EXPECT_LT(second, third) << all;
  EXPECT_TRUE(all.ends_with("\r\n\r\n3")) << all;
}

TEST_F(ServerTest, ARequestMayComeInPieces) {
  Start();
  constexpr std::string_view kLength = "POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
  constexpr std::string_view kChunks =
      "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
  for (const std::string_view request : {kLength, kChunks}) {
    for (const size_t most : {size_t{1}, size_t{7}, SIZE_MAX}) {
      const std::string answer = Raw(request, true, most);
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 201 ")) << most;
      EXPECT_TRUE(answer.ends_with("\r\n\r\nhello")) << answer;
    }
  }
}

TEST_F(ServerTest, AnOlderClientIsClosedAfterItsAnswer) {
  Start();
  EXPECT_THAT(Raw("GET /echo/x HTTP/1.0\r\n\r\n", false), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("\r\n\r\nx")));
}

TEST_F(ServerTest, ConnectionsPastTheLimitAreTurnedAway) {
  Start({.tcp = TcpAddress{}, .limits = {.connections = 1}});
  Client first = NewClient();
  EXPECT_EQ(first.Send("GET", "/echo/x")->status, 200);
  EXPECT_THAT(Raw("", false), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(first.Send("GET", "/echo/x")->status, 200);
}

TEST_F(ServerTest, WhatIsNoRequestIsToldOfToo) {
  std::vector<std::pair<std::string, int>> told;
  Start({.tcp = TcpAddress{}, .limits = {.body_bytes = 10}, .log = [&told](const AccessRecord& record) {
           told.emplace_back(record.method + " " + record.target, record.status);
         }});
  EXPECT_THAT(Raw("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Raw("POST /echo HTTP/1.1\r\nContent-Length: 11\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Raw("GET /header HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  server_->Stop();
  EXPECT_THAT(told, ::testing::ElementsAre(std::pair(" ", 400), std::pair(" ", 413), std::pair("GET /header", 200)));
}

TEST_F(ServerTest, StopFinishesWhatIsUnderWay) {
  Start();
  Client idle = NewClient();
  EXPECT_EQ(idle.Send("GET", "/echo/x")->status, 200);
  auto answer = std::async(std::launch::async, [this] { return NewClient().Send("GET", "/held"); });
  Responder responder = held_.get_future().get();
  auto stopped = std::async(std::launch::async, [this] { server_->Stop(); });
  // Idle connections close at once, which tells that the stop has begun.
  while (idle.Send("GET", "/echo/x")) {
  }
  responder.Send({.body = "late"});
  const Result<Answer> got = answer.get();
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->body, "late");
  stopped.get();
  EXPECT_FALSE(NewClient().Send("GET", "/echo/x"));
}

TEST_F(ServerTest, StopWaitsNoLongerThanItsGrace) {
  Start({.tcp = TcpAddress{}, .grace = std::chrono::milliseconds(20)});
  auto answer = std::async(std::launch::async, [this] { return NewClient().Send("GET", "/held"); });
  Responder responder = held_.get_future().get();
  server_->Stop();
  responder.Send({});
  server_.reset();
  EXPECT_FALSE(answer.get());
}

class CountingStream final : public BodyStream {
 public:
  void OnNews(std::function<void()> wake) override {
    const std::scoped_lock lock(mutex);
    wake_up = std::move(wake);
    (wake_up ? began : ended).set_value();
  }
  std::string Take() override {
    const std::scoped_lock lock(mutex);
    return std::exchange(waiting, "");
  }
  void Say(const std::string& text) {
    const std::scoped_lock lock(mutex);
    waiting = text;
    wake_up();
  }

  std::promise<void> began, ended;
  std::mutex mutex;
  std::string waiting;
  std::function<void()> wake_up;
};

TEST_F(ServerTest, AStreamSendsWhatComesUntilTheClientGoes) {
  const auto stream = std::make_shared<CountingStream>();
  router_.Add("GET", "/stream", [&](const Request&, Responder responder) {
    responder.Send({.content_type = "text/event-stream", .stream = stream});
  });
  Start();
  auto answer = std::async(std::launch::async, [this] { return Raw("GET /stream HTTP/1.1\r\n\r\n", false); });
  stream->began.get_future().get();
  stream->Say("one");
  while (true) {  // Until it is taken: else the next would replace it.
    const std::scoped_lock lock(stream->mutex);
    if (stream->waiting.empty()) break;
  }
  stream->Say("three");
  while (true) {
    const std::scoped_lock lock(stream->mutex);
    if (stream->waiting.empty()) break;
  }
  server_->Stop();
  stream->ended.get_future().get();
  EXPECT_EQ(answer.get(),
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\none\r\n5\r\nthree\r\n0\r\n\r\n");
}

TEST_F(ServerTest, AStreamEndsWhenItsClientIsGone) {
  const auto stream = std::make_shared<CountingStream>();
  router_.Add("GET", "/stream", [&](const Request&, Responder responder) { responder.Send({.stream = stream}); });
  Start();
  EXPECT_THAT(Raw("GET /stream HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));  // Closes its half at once.
  stream->began.get_future().get();
  stream->ended.get_future().get();
}

TEST_F(ServerTest, AGateAnswersBeforeAnyRouteAndAFallbackWhereThereIsNone) {
  router_.SetGate([](const Request& request) -> std::optional<Response> {
    if (request.segments[0] != "closed") return std::nullopt;
    return Response{.status = 418, .body = "no"};
  });
  router_.SetFallback({.status = 404, .body = "", .content_type = ""});
  router_.Add("GET", "/closed", [](const Request&, Responder responder) { responder.Send({}); });
  Start();
  Client client = NewClient();
  EXPECT_EQ(client.Send("GET", "/closed")->status, 418);
  EXPECT_EQ(client.Send("GET", "/closed/door")->status, 418);
  EXPECT_EQ(client.Send("GET", "/echo/x")->status, 200);
  const std::string answer = Raw("DELETE /echo HTTP/1.1\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("Content-Length: 0\r\n")));
  EXPECT_THAT(answer, Not(HasSubstr("Content-Type")));
}

TEST_F(ServerTest, AnAddressThatIsNoneOrTakenIsToldSo) {
  Start();
  EXPECT_FALSE(Server::Start({.tcp = TcpAddress{.host = "nowhere"}}, router_));
  EXPECT_FALSE(Server::Start({.tcp = server_->tcp()}, router_));
  EXPECT_FALSE(Server::Start({}, router_));
}

}  // namespace
}  // namespace zeus::http
