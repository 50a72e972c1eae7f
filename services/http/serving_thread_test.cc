#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <random>
#include <thread>
#include <vector>

#include "services/http/server.h"
#include "services/http/step_aside.h"
#include "tests/support/result_matchers.h"
#include "zeus/http_client/client.h"

namespace zeus::http {
namespace {

using testing::IsOk;

class StepAsideTest : public ::testing::Test {
 protected:
  StepAsideTest() {
    router_.Add("GET", "/plain", [](const Request&, Responder responder) {
      responder.Send({.body = MayStepAside() ? "first" : "stand-in"});
    });
    router_.Add("GET", "/hang", [this](const Request&, Responder responder) {
      StepAside([&] {
        entered_.set_value();
        let_go_.get_future().wait();
      });
      responder.Send({.body = "went on"});
    });
  }

  void Start(std::chrono::milliseconds grace = std::chrono::seconds(10)) {
    auto server = Server::Start({.tcp = TcpAddress{}, .grace = grace}, router_);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  [[nodiscard]] Client NewClient() const { return Client(*server_->tcp()); }

  std::future<Result<Answer>> Hang() {
    auto answer = std::async(std::launch::async, [this] { return NewClient().Send("GET", "/hang"); });
    entered_.get_future().wait();
    return answer;
  }

  Router router_;
  std::promise<void> entered_;
  std::promise<void> let_go_;
  std::unique_ptr<Server> server_;
};

TEST_F(StepAsideTest, OnlyAServersOwnThreadMay) {
  EXPECT_FALSE(MayStepAside());
  Start();
  EXPECT_EQ(NewClient().Send("GET", "/plain")->body, "first");
}

TEST_F(StepAsideTest, OthersGoOnWhileOneHangsAndTheFirstServesAgainAfterwards) {
  Start();
  std::future<Result<Answer>> hanging = Hang();
  Client client = NewClient();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.Send("GET", "/plain")->body, "stand-in");
  let_go_.set_value();
  EXPECT_EQ(hanging.get()->body, "went on");
  EXPECT_EQ(client.Send("GET", "/plain")->body, "first");
}

TEST_F(StepAsideTest, AServerThatStopsWhileOneHangsWaitsForIt) {
  Start(std::chrono::milliseconds(20));
  std::future<Result<Answer>> hanging = Hang();
  auto stopped = std::async(std::launch::async, [this] { server_->Stop(); });
  EXPECT_EQ(stopped.wait_for(std::chrono::milliseconds(60)), std::future_status::timeout);
  let_go_.set_value();
  stopped.get();
  EXPECT_EQ(hanging.get()->body, "went on");
  EXPECT_FALSE(NewClient().Send("GET", "/plain"));
}

TEST_F(StepAsideTest, HandlersNeverRunSideBySide) {
  std::atomic<int> running = 0;
  std::atomic<int> together = 0;
  int unguarded = 0;  // A sanitizer's to watch.
  std::minstd_rand random(1);
  router_.Add("GET", "/sometimes", [&](const Request&, Responder responder) {
    if (++running > 1) ++together;
    ++unguarded;
    const auto pause = std::chrono::microseconds(random() % 100 == 0 ? 12'000 : random() % 50);
    --running;
    if (MayStepAside()) StepAside([&] { std::this_thread::sleep_for(pause); });
    if (++running > 1) ++together;
    ++unguarded;
    --running;
    responder.Send({});
  });
  Start();
  constexpr int kRequests = 500;
  constexpr int kClients = 4;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([this] {
        Client client = NewClient();
        for (int request = 0; request < kRequests; ++request) EXPECT_THAT(client.Send("GET", "/sometimes"), IsOk());
      });
    }
  }
  server_->Stop();
  EXPECT_EQ(together, 0);
  EXPECT_EQ(unguarded, 2 * kClients * kRequests);
}

}  // namespace
}  // namespace zeus::http
