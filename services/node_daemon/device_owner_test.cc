#include "services/node_daemon/device_owner.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "services/http/server.h"
#include "zeus/http_client/client.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;

TEST(DeviceOwner, DoesOneThingAfterTheOther) {
  std::vector<int> done;
  {
    DeviceOwner owner;
    std::promise<void> begin;
    owner.Post([&, ready = begin.get_future().share()] { ready.wait(); });
    for (int i = 0; i < 5; ++i) owner.Post([&, i] { done.push_back(i); });
    begin.set_value();
  }
  EXPECT_THAT(done, ElementsAre(0, 1, 2, 3, 4));
}

TEST(DeviceOwner, WhatIsDueLaterHoldsNothingUp) {
  std::promise<void> last;
  std::vector<int> done;
  DeviceOwner owner;
  owner.PostAt(std::chrono::steady_clock::now() + std::chrono::milliseconds(20), [&] {
    done.push_back(2);
    last.set_value();
  });
  owner.Post([&] { done.push_back(1); });
  last.get_future().get();
  EXPECT_THAT(done, ElementsAre(1, 2));
}

TEST(DeviceOwner, StoppingFinishesWhatIsDueAndDropsTheRest) {
  auto held = std::make_shared<int>();
  bool done = false;
  DeviceOwner owner;
  owner.PostAt(Time::max(), [held] { FAIL(); });
  owner.Post([&] { done = true; });
  owner.Stop();
  EXPECT_TRUE(done);
  EXPECT_EQ(held.use_count(), 1);
  owner.Post([held] { FAIL(); });
  EXPECT_EQ(held.use_count(), 1);
}

// What a server's handler has an owner do, one request after the other; each tells the thread that did it.
class OwnerBehindAServer : public ::testing::Test {
 protected:
  OwnerBehindAServer() {
    http::Router router;
    router.Add("GET", "/do", [this](const http::Request&, http::Responder responder) {
      owner_.Do([this, handler = std::this_thread::get_id(), responder = std::move(responder)]() mutable {
        if (std::this_thread::get_id() == handler && hangs_.exchange(false)) {
          hanging_.set_value();
          let_go_.get_future().wait();
        }
        most_at_once_ = std::max(most_at_once_.load(), ++at_once_);
        std::this_thread::sleep_for(takes_.load());
        --at_once_;
        responder.Send({.body = std::this_thread::get_id() == handler ? "here" : "owner"});
      });
    });
    router.Add("GET", "/other", [this](const http::Request&, http::Responder responder) {
      other_.Do([responder = std::move(responder)]() mutable { responder.Send({.body = "other"}); });
    });
    auto server = http::Server::Start({.tcp = http::TcpAddress{}, .threads = 2}, std::move(router));
    EXPECT_TRUE(server);
    server_ = *std::move(server);
    client_.emplace(*server_->tcp());
  }

  std::string Do() { return client_->Send("GET", "/do")->body; }

  // Whether it comes to be done there: what is preempted does not count as quick.
  bool ComesToBeDone(std::string_view where) {
    for (int i = 0; i < 10'000; ++i) {
      if (Do() == where) return true;
    }
    return false;
  }

  std::atomic<std::chrono::microseconds> takes_{std::chrono::microseconds(0)};
  std::atomic<bool> hangs_ = false;
  std::atomic<int> at_once_ = 0;
  std::atomic<int> most_at_once_ = 0;
  std::promise<void> hanging_;
  std::promise<void> let_go_;
  DeviceOwner owner_;
  DeviceOwner other_;
  std::unique_ptr<http::Server> server_;
  std::optional<http::Client> client_;
};

TEST_F(OwnerBehindAServer, AQuickDeviceNeedsNoOtherThread) {
  EXPECT_EQ(Do(), "owner");
  EXPECT_TRUE(ComesToBeDone("here"));
}

TEST_F(OwnerBehindAServer, ASlowOneDoes) {
  takes_ = std::chrono::milliseconds(1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Do(), "owner");
}

TEST_F(OwnerBehindAServer, OneThatBecomesSlowDoesFromThenOn) {
  ASSERT_TRUE(ComesToBeDone("here"));
  takes_ = std::chrono::milliseconds(1);
  Do();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Do(), "owner");
}

TEST_F(OwnerBehindAServer, AQuickDeviceThatHangsHoldsOnlyItsOwnRequestsUp) {
  hangs_ = true;
  auto ask = [this] { return http::Client(*server_->tcp()).Send("GET", "/do")->body; };
  auto hanging = std::async(std::launch::async, [this, ask] {
    std::string done;
    while (hangs_) done = ask();
    return done;
  });
  hanging_.get_future().wait();
  auto behind = std::async(std::launch::async, ask);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client_->Send("GET", "/other")->body, "other");
  EXPECT_EQ(behind.wait_for(std::chrono::milliseconds(10)), std::future_status::timeout);
  let_go_.set_value();
  EXPECT_EQ(hanging.get(), "here");
  EXPECT_EQ(behind.get(), "owner");
}

TEST_F(OwnerBehindAServer, ThreadsThatAskAtTheSameTimeTakeTurns) {
  ASSERT_TRUE(ComesToBeDone("here"));
  std::atomic<int> here = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&] {
        http::Client client(*server_->tcp());
        for (int k = 0; k < 500; ++k) {
          if (client.Send("GET", "/do")->body == "here") ++here;
        }
      });
    }
  }
  EXPECT_EQ(most_at_once_, 1);
  EXPECT_GT(here, 0);
}

TEST_F(OwnerBehindAServer, WhatWasAskedForBeforeIsDoneBefore) {
  ASSERT_TRUE(ComesToBeDone("here"));
  std::promise<void> begin;
  owner_.Post([ready = begin.get_future().share()] { ready.wait(); });
  auto answer = std::async(std::launch::async, [this] { return Do(); });
  EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  begin.set_value();
  EXPECT_EQ(answer.get(), "owner");
}

TEST_F(OwnerBehindAServer, WhatIsDueComesAlsoWhileOthersAreServed) {
  ASSERT_TRUE(ComesToBeDone("here"));
  std::promise<void> due;
  owner_.PostAt(std::chrono::steady_clock::now() + std::chrono::milliseconds(5), [&due] { due.set_value(); });
  std::future<void> came = due.get_future();
  const auto begin = std::chrono::steady_clock::now();
  while (came.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    Do();
    ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  }
}

}  // namespace
}  // namespace zeus
