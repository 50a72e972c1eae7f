#include "zeus/monitor/power_streams.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "services/http/server.h"
#include "tests/support/fake_cpu.h"
#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "tests/support/served_node.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;

constexpr milliseconds kQuick(20);
constexpr seconds kPatience(20);

// Whether it comes to be true before patience ends.
bool Eventually(const std::function<bool()>& is_so) {
  const auto until = steady_clock::now() + kPatience;
  while (!is_so()) {
    if (steady_clock::now() > until) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

std::optional<StreamedReading> GpuOf(const PowerStreams& streams, node::Id id = 0, size_t node = 0) {
  const std::vector<NodePower> latest = streams.Latest();
  const auto found = latest[node].gpus.latest.find(id);
  return found == latest[node].gpus.latest.end() ? std::nullopt : found->second;
}

bool ShowsPower(const PowerStreams& streams, Watts power, node::Id id = 0) {
  const auto reading = GpuOf(streams, id);
  return reading && reading->power == power;
}

steady_clock::duration TimeToStop(PowerStreams& streams) {
  const auto begin = steady_clock::now();
  streams.Stop();
  return steady_clock::now() - begin;
}

FakeGpu::Options OptionsOf(int index) {
  FakeGpu::Options options;
  options.info.index = index;
  options.info.uuid = "GPU-fake-" + std::to_string(index);
  return options;
}

class PowerStreamsTest : public ::testing::Test {
 protected:
  PowerStreamsTest() { cpu_.Say(CpuEnergySample{.package = Joules(12.5), .dram = Joules(3), .time = {}}); }

  FakeGpu first_{OptionsOf(0)};
  FakeGpu second_{OptionsOf(1)};
  testing::FakeCpu cpu_{{.index = 0, .name = "package-0", .why_no_dram = ""}};
  testing::ServedNode node_{{&first_, &second_}, {&cpu_}};
};

TEST_F(PowerStreamsTest, FollowsAllDevices) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto streams, PowerStreams::Open({{.node = node_.config()}}));
  ASSERT_TRUE(Eventually([&] {
    const NodePower node = streams->Latest().at(0);
    return node.gpus.latest.at(0) && node.gpus.latest.at(1) && node.cpus.latest.at(0);
  }));
  const NodePower node = streams->Latest().at(0);
  EXPECT_EQ(node.endpoint, node_.socket());
  EXPECT_EQ(node.gpu_names.at(1), "Fake GPU");
  EXPECT_THAT(node.cpus_with_dram, ElementsAre(0));
  EXPECT_EQ(node.gpus.latest.at(0)->power, Watts(50));
  EXPECT_EQ(node.cpus.latest.at(0)->power, Watts(0));
  EXPECT_EQ(node.cpus.latest.at(0)->dram, Watts(0));
  const auto age = std::chrono::system_clock::now() - node.gpus.latest.at(0)->time;
  EXPECT_LT(std::chrono::abs(age), kPatience);

  uint64_t seen = 0;
  second_.DrawPower(Watts(120));
  ASSERT_TRUE(Eventually([&] {
    seen = streams->WaitForNews(seen, seconds(5));
    return ShowsPower(*streams, Watts(120), 1);
  }));
  EXPECT_THAT(streams->TakeNotices(), IsEmpty());
}

TEST_F(PowerStreamsTest, EnergyGrowsWhilePowerStays) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto streams, PowerStreams::Open({{.node = node_.config(), .cpus = {{}}}}));
  ASSERT_TRUE(Eventually([&] { return ShowsPower(*streams, Watts(50)); }));
  const WallTime begin = GpuOf(*streams)->time;
  std::this_thread::sleep_for(milliseconds(200));
  const Joules energy = GpuOf(*streams)->energy.energy;
  const std::chrono::duration<double> passed = std::chrono::system_clock::now() - begin;
  EXPECT_GT(energy.value(), 50 * 0.15);
  EXPECT_LT(energy.value(), 50 * (passed.count() + 0.05));
  streams->Stop();
  const Joules last = GpuOf(*streams)->energy.energy;
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(GpuOf(*streams)->energy.energy, last);
}

TEST_F(PowerStreamsTest, ANodeThatGoesAwayComesBack) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto streams,
                            PowerStreams::Open({{.node = node_.config(), .cpus = {{}}}}, {.reconnect_delay = kQuick}));
  ASSERT_TRUE(Eventually([&] { return ShowsPower(*streams, Watts(50)); }));
  node_.Stop();
  ASSERT_TRUE(Eventually([&] { return streams->Latest()[0].gpus.failure.has_value(); }));
  EXPECT_EQ(GpuOf(*streams)->power, Watts(50));  // What it told last stays.
  EXPECT_FALSE(GpuOf(*streams)->energy.is_estimated);
  first_.DrawPower(Watts(80));
  node_.Start();
  ASSERT_TRUE(Eventually([&] { return ShowsPower(*streams, Watts(80)); }));
  EXPECT_FALSE(streams->Latest()[0].gpus.failure.has_value());
  EXPECT_TRUE(GpuOf(*streams)->energy.is_estimated);
  EXPECT_THAT(streams->TakeNotices(),
              ElementsAre(HasSubstr("the stream of its GPUs' power has ended, and is asked for again"),
                          HasSubstr("the stream of its GPUs' power goes on")));
  EXPECT_THAT(streams->TakeNotices(), IsEmpty());
}

TEST_F(PowerStreamsTest, StopsWhateverItWaitsFor) {
  // A silent stream, and one whose node has gone.
  testing::ServedNode other({&first_});
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto streams, PowerStreams::Open({{.node = node_.config()}, {.node = other.config()}},
                                                                   {.reconnect_delay = std::chrono::hours(1)}));
  ASSERT_TRUE(Eventually([&] { return GpuOf(*streams, 0, 1).has_value(); }));
  other.Stop();
  ASSERT_TRUE(Eventually([&] { return streams->Latest()[1].gpus.failure.has_value(); }));
  EXPECT_FALSE(streams->is_stopped());
  std::jthread waits([&] { streams->WaitForNews(streams->WaitForNews(0, seconds(0)), kPatience); });
  EXPECT_LT(TimeToStop(*streams), seconds(1));
  EXPECT_TRUE(streams->is_stopped());
  EXPECT_LT(TimeToStop(*streams), seconds(1));
}

TEST_F(PowerStreamsTest, WhichDevices) {
  const NodeConfig node = node_.config();
  const auto open = [&](FollowedNode followed) { return PowerStreams::Open({std::move(followed)}); };
  EXPECT_THAT(open({.node = node, .gpus = {{0, 9}}}),
              IsError(ErrorCode::kInvalidArgument,
                      fmt::format("GPU indices [9] requested for {} but only [0, 1] are available", node.Endpoint())));
  EXPECT_THAT(open({.node = node, .cpus = {{1}}}), IsError(ErrorCode::kInvalidArgument, "but only [0] are available"));
  EXPECT_THAT(PowerStreams::Open({{.node = node}, {.node = node}}),
              IsError(ErrorCode::kInvalidArgument, fmt::format("Duplicate server endpoints: ['{}']", node.Endpoint())));

  ZEUS_ASSERT_OK_AND_ASSIGN(const auto one, open({.node = node, .gpus = {{1, 1}}, .cpus = {{}}}));
  ASSERT_TRUE(Eventually([&] { return ShowsPower(*one, Watts(50), 1); }));
  EXPECT_EQ(one->Latest()[0].gpus.latest.size(), 1);
  EXPECT_FALSE(one->Latest()[0].cpus.is_followed);

  ZEUS_ASSERT_OK_AND_ASSIGN(const auto none, open({.node = node, .gpus = {{}}, .cpus = {{}}}));
  EXPECT_FALSE(none->Latest()[0].gpus.is_followed);
  EXPECT_THAT(none->TakeNotices(), ElementsAre(HasSubstr("no power is followed")));
}

TEST_F(PowerStreamsTest, WhatATokenAllows) {
  const testing::ServedNode guarded({&first_}, {&cpu_}, {.key = std::string(32, 'k')});
  NodeConfig node = guarded.config();
  const auto open = [&](FollowedNode followed) { return PowerStreams::Open({std::move(followed)}); };
  EXPECT_THAT(open({.node = node, .gpus = {{0}}}), IsError(ErrorCode::kPermissionDenied,
                                                           "lacks required scope 'gpu-read' (explicitly requested "
                                                           "gpu_indices=[0])"));
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto nothing, open({.node = node}));
    EXPECT_FALSE(nothing->Latest()[0].gpus.is_followed);
    EXPECT_THAT(nothing->TakeNotices(), ElementsAre(HasSubstr("token"), HasSubstr("no power is followed")));
  }
  node.token = guarded.TokenFor({"cpu-read"});
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto cpus, open({.node = node}));
  ASSERT_TRUE(Eventually([&] { return cpus->Latest()[0].cpus.latest.at(0).has_value(); }));
  EXPECT_FALSE(cpus->Latest()[0].gpus.is_followed);
  EXPECT_THAT(open({.node = node, .gpus = {{0}}}), IsError(ErrorCode::kPermissionDenied, "gpu-read"));
}

TEST_F(PowerStreamsTest, AGroupThatIsOff) {
  const testing::ServedNode control({&first_}, {}, {.groups = {ApiGroup::kGpuControl}});
  EXPECT_THAT(PowerStreams::Open({{.node = control.config(), .gpus = {{0}}}}),
              IsError(ErrorCode::kPermissionDenied, "API group 'gpu-read' is not enabled on this server"));
}

TEST(PowerStreamsOfNobodyTest, CannotBeOpened) {
  EXPECT_THAT(PowerStreams::Open({{.node = {.address = std::filesystem::path("/nowhere/zeusd.sock")}}}),
              IsError(ErrorCode::kUnavailable, "Cannot reach Zeusd at /nowhere/zeusd.sock: "));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto none, PowerStreams::Open({}));
  EXPECT_THAT(none->Latest(), IsEmpty());
}

/// Says that it is a daemon with one GPU, and does as a test wants.
class OddNode {
 public:
  OddNode() {
    http::Router router;
    router.Add("GET", "/discover", [](const http::Request&, http::Responder responder) {
      responder.Send({.body = R"({"gpus":[{"id":0,"name":"Odd","pci_address":"","cumulative_energy_available":false}],)"
                              R"("cpus":[],"enabled_api_groups":["gpu-read"],"auth_required":false})"});
    });
    router.Add("GET", "/time", [this](const http::Request&, http::Responder responder) {
      ++times;
      responder.Send({.status = time_status, .body = fmt::format(R"({{"timestamp_ms":{}}})", NowMs())});
    });
    router.Add("GET", "/gpu/stream_power", [this](const http::Request&, http::Responder responder) {
      ++streams;
      http::Response response{.status = stream_status, .body = {}, .content_type = "text/event-stream"};
      if (stream_status == 200 && goes_on) {
        response.stream = std::make_shared<Once>(events);
      } else {
        response.body = events;
      }
      responder.Send(std::move(response));
    });
    http::ServerOptions options;
    options.socket = folder_.path() / "odd.sock";
    auto server = http::Server::Start(std::move(options), std::move(router));
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  [[nodiscard]] int64_t NowMs() const {
    return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch() + ahead)
        .count();
  }
  [[nodiscard]] std::string Event(int power_mw) const {
    return fmt::format("data: {{\"timestamp_ms\":{},\"gpu_id\":0,\"power_mw\":{}}}\n\n", NowMs(), power_mw);
  }
  [[nodiscard]] FollowedNode followed() const { return {.node = {.address = folder_.path() / "odd.sock"}}; }

  // Set before it is asked.
  seconds ahead{0};
  int stream_status = 200;
  bool goes_on = true;
  std::string events;
  std::atomic<int> time_status = 200;

  std::atomic<int> streams = 0;
  std::atomic<int> times = 0;

 private:
  class Once final : public http::BodyStream {
   public:
    explicit Once(std::string text) : text_(std::move(text)) {}
    void OnNews(std::function<void()> /*wake*/) override {}
    std::string Take() override { return std::exchange(text_, {}); }

   private:
    std::string text_;
  };

  testing::TemporaryFolder folder_;
  std::unique_ptr<http::Server> server_;
};

TEST(OddNodeTest, BadEventsArePassedOver) {
  OddNode node;
  node.events = "data: {\"gpu_id\":0}\n\n: a comment\n\ndata: nonsense\n\n" + node.Event(75'000);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto streams, PowerStreams::Open({node.followed()}));
  ASSERT_TRUE(Eventually([&] { return ShowsPower(*streams, Watts(75)); }));
  EXPECT_EQ(streams->Latest()[0].gpus.bad_events, 2);
  EXPECT_THAT(streams->TakeNotices(), ElementsAre(HasSubstr("cannot be read is passed over, and those like it")));
  EXPECT_EQ(node.streams, 1);
}

TEST(OddNodeTest, ARefusedStreamIsNotAskedForAgain) {
  for (const int status : {401, 403}) {
    OddNode node;
    node.stream_status = status;
    node.events = "no";
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto streams,
                              PowerStreams::Open({node.followed()}, {.reconnect_delay = milliseconds(1)}));
    ASSERT_TRUE(Eventually([&] { return streams->Latest()[0].gpus.failure.has_value(); }));
    EXPECT_EQ(streams->Latest()[0].gpus.failure->code, ErrorCode::kPermissionDenied);
    std::this_thread::sleep_for(milliseconds(50));
    EXPECT_EQ(node.streams, 1);
    EXPECT_THAT(streams->TakeNotices(), ElementsAre(HasSubstr("is refused, and not asked for again")));
  }
}

TEST(OddNodeTest, AStreamThatEndsIsAskedForAgain) {
  for (const int status : {200, 500}) {
    OddNode node;
    node.stream_status = status;
    node.goes_on = false;
    node.events = node.Event(75'000);
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto streams,
                              PowerStreams::Open({node.followed()}, {.reconnect_delay = milliseconds(1)}));
    EXPECT_TRUE(Eventually([&] { return node.streams > 3; })) << status;
    EXPECT_EQ(GpuOf(*streams).has_value(), status == 200);
  }
}

TEST(OddNodeTest, TheDelayIsKeptAlsoAfterACleanEnd) {
  OddNode node;
  node.goes_on = false;
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto streams,
                            PowerStreams::Open({node.followed()}, {.reconnect_delay = std::chrono::hours(1)}));
  ASSERT_TRUE(Eventually([&] { return streams->Latest()[0].gpus.failure.has_value(); }));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(node.streams, 1);
}

TEST(OddNodeTest, TimesAreByThisMachinesClock) {
  OddNode node;
  node.ahead = seconds(1000);
  node.events = node.Event(75'000);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto streams, PowerStreams::Open({node.followed()}));
  ASSERT_TRUE(Eventually([&] { return GpuOf(*streams).has_value(); }));
  EXPECT_EQ(node.times, 5);
  EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() - GpuOf(*streams)->time), kPatience);
}

TEST(OddNodeTest, ASilentNodeIsAskedWhetherItIsThere) {
  OddNode node;
  node.events = node.Event(75'000);
  ZEUS_ASSERT_OK_AND_ASSIGN(
      const auto streams,
      PowerStreams::Open({node.followed()}, {.reconnect_delay = std::chrono::hours(1), .longest_silence = kQuick}));
  EXPECT_TRUE(Eventually([&] { return node.times > 8; }));
  EXPECT_FALSE(streams->Latest()[0].gpus.failure.has_value());
  EXPECT_EQ(node.streams, 1);
  node.time_status = 500;
  EXPECT_TRUE(Eventually([&] { return streams->Latest()[0].gpus.failure.has_value(); }));
}

TEST(OddNodeTest, AClockThatIsNone) {
  OddNode node;
  node.time_status = 404;
  EXPECT_THAT(PowerStreams::Open({node.followed()}), IsError(ErrorCode::kUnavailable, "/time: HTTP 404"));
}

}  // namespace
}  // namespace zeus
