#include <gmock/gmock.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/http_server_case.h"
#include "zeus/base/unique_fd.h"

/// Answers that do not go out at once, and clients that keep a server waiting.
namespace zeus::http {
namespace {

using ::testing::StartsWith;
using ServerSlowClientTest = HttpServerCase;

TEST_F(ServerSlowClientTest, AClientThatAsksFasterThanItTakesGetsAllItsAnswersInTheirOrder) {
  constexpr int kRequests = 3000;
  const std::string filling(3000, 'x');  // All of them are more than sockets buffer.
  for (const bool half_close : {true, false}) {
    Start();
    const UniqueFd fd = Connected();
    std::thread asking([&] {
      for (int i = 0; i < kRequests; ++i) {
        const bool is_last = !half_close && i == kRequests - 1;
        const std::string request = "POST /echo HTTP/1.1\r\n" + std::string(is_last ? "Connection: close\r\n" : "") +
                                    "Content-Length: " + std::to_string(filling.size() + 5) + "\r\n\r\n" +
                                    std::to_string(10000 + i) + filling;
        std::string_view rest = request;
        while (!rest.empty()) {
          const ssize_t sent = ::send(fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
          ASSERT_GT(sent, 0);
          rest.remove_prefix(static_cast<size_t>(sent));
        }
      }
      if (half_close) ::shutdown(fd.get(), SHUT_WR);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // Nothing is taken before all buffers are full.
    const std::string all = ReadAll(fd);
    asking.join();
    size_t at = 0;
    for (int i = 0; i < kRequests; ++i) {
      const std::string body = "\r\n\r\n" + std::to_string(10000 + i) + filling;
      at = all.find(body, at);
      ASSERT_NE(at, std::string::npos) << i << " of " << all.size() << " bytes, half-closed " << half_close;
      at += body.size();
    }
    EXPECT_EQ(at, all.size());
  }
}

TEST_F(ServerSlowClientTest, AnAnswerThatASlowClientHasNotTakenYetIsFinishedWhenTheServerStops) {
  Start();
  const UniqueFd fd = Connected();
  constexpr std::string_view kRequest = "GET /much HTTP/1.1\r\n\r\n";
  ASSERT_EQ(::send(fd.get(), kRequest.data(), kRequest.size(), 0), ssize_t{kRequest.size()});
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::thread stopping([this] { server_->Stop(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_GT(ReadAll(fd).size(), kMuch);
  stopping.join();
}

TEST_F(ServerSlowClientTest, AClientThatDoesNotTakeItsAnswerIsClosedAndOthersGoOn) {
  Start({.tcp = TcpAddress{}, .limits = {.transfer = std::chrono::milliseconds(50)}});
  const UniqueFd fd = Connected();
  constexpr std::string_view kRequest = "GET /much HTTP/1.1\r\n\r\n";
  ASSERT_EQ(::send(fd.get(), kRequest.data(), kRequest.size(), 0), ssize_t{kRequest.size()});
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(300)) {
    EXPECT_EQ(NewClient().Send("GET", "/echo/x")->body, "x");
  }
  EXPECT_LT(ReadAll(fd).size(), kMuch);
}

TEST_F(ServerSlowClientTest, AClientThatSaysNothingIsClosed) {
  Start({.tcp = TcpAddress{}, .limits = {.idle = std::chrono::milliseconds(50)}});
  EXPECT_EQ(Raw("GET /echo/x HT", false), "");
}

TEST_F(ServerSlowClientTest, AnAnswerThatGoesOutInPartsIsWhole) {
  std::string numbers;
  for (int i = 0; numbers.size() < kMuch; ++i) numbers += std::to_string(i) + " ";
  router_.Add("GET", "/numbers", [&](const Request&, Responder responder) { responder.Send({.body = numbers}); });
  Start();
  const std::string answers = Raw("GET /numbers HTTP/1.1\r\n\r\nGET /echo/next HTTP/1.1\r\n\r\n");
  const size_t begin = answers.find("\r\n\r\n") + 4;
  ASSERT_GT(answers.size(), begin + numbers.size());
  EXPECT_TRUE(answers.compare(begin, numbers.size(), numbers) == 0);
  EXPECT_THAT(answers.substr(begin + numbers.size()), AllOf(StartsWith("HTTP/1.1 200 "), ::testing::EndsWith("next")));
}

TEST_F(ServerSlowClientTest, AnAnswerOfAnySizeArrivesWhole) {
  Start();
  EXPECT_EQ(NewClient().Send("GET", "/much")->body.size(), kMuch);
}

}  // namespace
}  // namespace zeus::http
