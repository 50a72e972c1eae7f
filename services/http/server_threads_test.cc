#include <gmock/gmock.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "services/http/request_metrics.h"
#include "services/http/server.h"
#include "tests/support/result_matchers.h"
#include "zeus/http_client/client.h"
#include "zeus/http_client/connection.h"

namespace zeus::http {
namespace {

using testing::IsOk;
using ::testing::SizeIs;

constexpr size_t kThreads = 3;

// A stream of one piece, which tells the thread that sends it.
class OnePiece final : public BodyStream {
 public:
  explicit OnePiece(std::function<void(std::thread::id)> sent_by) : sent_by_(std::move(sent_by)) {}

  void OnNews(std::function<void()> wake) override {
    if (wake) wake();
  }
  std::string Take() override {
    sent_by_(std::this_thread::get_id());
    return std::exchange(piece_, {});
  }

 private:
  std::function<void(std::thread::id)> sent_by_;
  std::string piece_ = "data: x\n\n";
};

class ServerOfManyThreads : public ::testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    options.tcp = TcpAddress{};
    options.threads = kThreads;
    Result<std::unique_ptr<Server>> server = Server::Start(std::move(options), router_);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  [[nodiscard]] Client NewClient() const { return Client(*server_->tcp()); }

  void Note(std::thread::id thread) {
    const std::scoped_lock lock(mutex_);
    threads_.insert(thread);
  }

  Router router_;
  std::unique_ptr<Server> server_;
  std::mutex mutex_;
  std::set<std::thread::id> threads_;
};

// Each handler waits for the others, as none should but to show that there are as many threads.
TEST_F(ServerOfManyThreads, AnswerAtTheSameTime) {
  std::condition_variable came;
  router_.Add("GET", "/", [](const Request&, Responder responder) { responder.Send({}); });
  router_.Add("GET", "/together", [&](const Request&, Responder responder) {
    std::unique_lock lock(mutex_);
    threads_.insert(std::this_thread::get_id());
    came.notify_all();
    const bool all = came.wait_for(lock, std::chrono::seconds(10), [this] { return threads_.size() == kThreads; });
    responder.Send({.body = all ? "together" : "alone"});
  });
  Start();
  std::vector<Client> clients;
  for (size_t i = 0; i < kThreads; ++i) {
    clients.push_back(NewClient());
    ASSERT_THAT(clients.back().Send("GET", "/"), IsOk());
  }
  std::vector<std::future<Result<Answer>>> answers;
  for (Client& each : clients) {
    answers.push_back(std::async(std::launch::async, [&each] { return each.Send("GET", "/together"); }));
  }
  for (std::future<Result<Answer>>& each : answers) {
    const Result<Answer> answer = each.get();
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->body, "together");
  }
}

TEST_F(ServerOfManyThreads, SendWhatIsStreamedFromOne) {
  router_.Add("GET", "/stream", [this](const Request&, Responder responder) {
    responder.Send({.content_type = "text/event-stream",
                    .stream = std::make_shared<OnePiece>([this](std::thread::id thread) { Note(thread); })});
  });
  Start();
  std::vector<Connection> clients;
  for (size_t i = 0; i < 2 * kThreads; ++i) {
    Result<Connection> client = Connection::Open(*server_->tcp(), std::chrono::seconds(10));
    ASSERT_THAT(client, IsOk());
    ASSERT_THAT(client->Send({.method = "GET", .target = "/stream"}), IsOk());
    ASSERT_THAT(client->ReceiveHead(), IsOk());
    const Result<std::optional<std::string>> piece = client->ReceivePiece(std::chrono::seconds(10));
    ASSERT_THAT(piece, IsOk());
    EXPECT_EQ(*piece, "data: x\n\n");
    clients.push_back(*std::move(client));
  }
  server_->Stop();
  EXPECT_THAT(threads_, SizeIs(1));
  for (Connection& each : clients) {
    const Result<std::optional<std::string>> end = each.ReceivePiece(std::chrono::seconds(10));
    ASSERT_THAT(end, IsOk());
    EXPECT_EQ(*end, std::nullopt);
  }
}

TEST_F(ServerOfManyThreads, TurnAwayWhatIsOneConnectionTooMany) {
  router_.Add("GET", "/", [](const Request&, Responder responder) { responder.Send({}); });
  Start({.limits = {.connections = 4}});
  std::vector<Client> clients;
  std::vector<int> statuses;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(NewClient());
    statuses.push_back(clients.back().Send("GET", "/")->status);
  }
  EXPECT_THAT(statuses, ::testing::ElementsAre(200, 200, 200, 200, 503));
}

TEST_F(ServerOfManyThreads, KeepTheRateOfAnAddressTogether) {
  constexpr double kRate = 6;
  router_.Add("GET", "/", [](const Request&, Responder responder) { responder.Send({}); });
  Start({.limits = {.requests_per_second = kRate}});
  std::vector<Client> clients;
  for (size_t i = 0; i < kThreads; ++i) clients.push_back(NewClient());
  int answered = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 60; ++i) {
    if (clients[static_cast<size_t>(i) % kThreads].Send("GET", "/")->status == 200) ++answered;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_GE(answered, kRate);
  EXPECT_LE(answered, kRate + kRate * seconds);
}

TEST_F(ServerOfManyThreads, CountWhatEachOfThemAnswers) {
  RequestMetrics metrics;
  router_.Add("GET", "/", [](const Request&, Responder responder) { responder.Send({}); });
  Start({.log = [&metrics](const AccessRecord& record) { metrics.Observe(record); }});
  constexpr int kRequests = 200;
  std::vector<std::jthread> clients;
  for (size_t i = 0; i < kThreads; ++i) {
    clients.emplace_back([this] {
      Client client = NewClient();
      for (int k = 0; k < kRequests; ++k) EXPECT_THAT(client.Send("GET", "/"), IsOk());
    });
  }
  clients.clear();
  server_->Stop();
  MetricsText text(MetricsFormat::kPrometheus);
  metrics.Write(text);
  EXPECT_THAT(text.Take(),
              ::testing::HasSubstr("zeus_http_requests_total{method=\"GET\",route=\"/\",status=\"200\"} 600"));
}

TEST_F(ServerOfManyThreads, FinishWhatIsUnderWayOnEach) {
  std::mutex mutex;
  std::vector<Responder> held;
  std::promise<void> all_held;
  router_.Add("GET", "/held", [&](const Request&, Responder responder) {
    const std::scoped_lock lock(mutex);
    held.push_back(std::move(responder));
    if (held.size() == kThreads) all_held.set_value();
  });
  router_.Add("GET", "/", [](const Request&, Responder responder) { responder.Send({}); });
  Start();
  std::vector<std::future<Result<Answer>>> answers;
  for (size_t i = 0; i < kThreads; ++i) {
    answers.push_back(std::async(std::launch::async, [this] { return NewClient().Send("GET", "/held"); }));
  }
  all_held.get_future().get();
  std::vector<Client> idle;
  for (size_t i = 0; i < kThreads; ++i) {
    idle.push_back(NewClient());
    EXPECT_THAT(idle.back().Send("GET", "/"), IsOk());
  }
  auto stopped = std::async(std::launch::async, [this] { server_->Stop(); });
  // Idle connections close at once, which tells that the stop has begun.
  for (Client& each : idle) {
    while (each.Send("GET", "/")) {
    }
  }
  for (Responder& each : held) each.Send({.body = "late"});
  for (auto& each : answers) {
    const Result<Answer> answer = each.get();
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->body, "late");
  }
  stopped.get();
}

}  // namespace
}  // namespace zeus::http
