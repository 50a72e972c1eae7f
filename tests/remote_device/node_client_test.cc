#include "zeus/device/remote/node_client.h"

#include <gmock/gmock.h>

#include <thread>

#include "tests/support/fake_cpu.h"
#include "tests/support/forked_process.h"
#include "tests/support/result_matchers.h"
#include "tests/support/served_node.h"
#include "zeus/device/fake/fake_gpu.h"
#include "zeus/device/remote/node_access.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::Pair;

FakeGpu::Options OptionsOf(int index) {
  FakeGpu::Options options;
  options.info.index = index;
  options.info.uuid = "GPU-fake-" + std::to_string(index);
  options.info.pci_address = "0000:0" + std::to_string(index + 1) + ":00.0";
  return options;
}

class NodeClientTest : public ::testing::Test {
 protected:
  NodeClientTest() {
    cpu_.Say(CpuEnergySample{.package = Joules(12.5), .dram = Joules(3), .time = {}});
    plain_cpu_.Say(CpuEnergySample{.package = Joules(1), .dram = {}, .time = {}});
  }

  FakeGpu first_{OptionsOf(0)};
  FakeGpu second_{OptionsOf(1)};
  testing::FakeCpu cpu_{{.index = 0, .name = "package-0", .why_no_dram = ""}};
  testing::FakeCpu plain_cpu_{{.index = 1, .name = "package-1", .why_no_dram = "there is none"}};
  testing::ServedNode node_{{&first_, &second_}, {&cpu_, &plain_cpu_}};
  NodeClient client_{node_.config()};
};

TEST_F(NodeClientTest, ItTellsWhatIsThere) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const node::Discovery found, client_.Discover());
  ASSERT_EQ(found.gpus.size(), 2);
  EXPECT_EQ(found.gpus[1].id, 1);
  EXPECT_EQ(found.gpus[1].name, "Fake GPU");
  EXPECT_EQ(found.gpus[1].pci_address, "0000:02:00.0");
  EXPECT_TRUE(found.gpus[1].cumulative_energy_available);
  ASSERT_EQ(found.cpus.size(), 2);
  EXPECT_TRUE(found.cpus[0].dram_available);
  EXPECT_FALSE(found.cpus[1].dram_available);
  EXPECT_THAT(found.enabled_api_groups, ElementsAre("gpu-control", "gpu-read", "cpu-read"));
  EXPECT_FALSE(found.auth_required);
  ZEUS_ASSERT_OK_AND_ASSIGN(const int64_t time_ms, client_.Time());
  EXPECT_GT(time_ms, int64_t{1'600'000'000'000});
}

TEST_F(NodeClientTest, ReadingsComeInOurUnits) {
  first_.DrawPower(Watts(75.5));
  second_.DrawPower(Watts(120));
  const std::vector<node::Id> second = {1};
  EXPECT_THAT(client_.ReadGpuPower()->power, ElementsAre(Pair(0, Watts(75.5)), Pair(1, Watts(120))));
  EXPECT_THAT(client_.ReadGpuPower(second)->power, ElementsAre(Pair(1, Watts(120))));
  EXPECT_EQ(client_.ReadGpuEnergy()->size(), 2);
  EXPECT_EQ(client_.ReadPowerLimit(second)->at(1), Watts(250));
  EXPECT_EQ(client_.ReadPowerLimits()->at(0).minimum, Watts(100));
  EXPECT_EQ(client_.ReadPowerLimits()->at(0).maximum, Watts(300));
  EXPECT_EQ(client_.ReadPersistenceMode()->at(0), PersistenceMode::kOff);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto cpus, client_.ReadCpuEnergy());
  EXPECT_EQ(cpus.at(0).package, Joules(12.5));
  EXPECT_EQ(cpus.at(0).dram, Joules(3));
  EXPECT_EQ(cpus.at(1).dram, std::nullopt);
  EXPECT_EQ(client_.ReadCpuPower()->power.at(0).package, Watts(0));
}

TEST_F(NodeClientTest, ChangesArriveAsTheyWereAskedFor) {
  const std::vector<node::Id> both = {0, 1};
  const std::vector<node::Id> first = {0};
  ASSERT_THAT(client_.Change(both, node::SetPowerLimit{Watts(150.25)}), IsOk());
  EXPECT_EQ(first_.settings().ReadPowerLimit(), Watts(150.25));
  EXPECT_EQ(second_.settings().ReadPowerLimit(), Watts(150.25));
  ASSERT_THAT(client_.Change(first, node::SetPersistenceMode{PersistenceMode::kOn}), IsOk());
  EXPECT_EQ(first_.settings().ReadPersistenceMode(), PersistenceMode::kOn);
  EXPECT_EQ(second_.settings().ReadPersistenceMode(), PersistenceMode::kOff);
  const ClockRange range{Megahertz(500), Megahertz(1000)};
  ASSERT_THAT(client_.Change(first, node::LockClocks{ClockDomain::kGraphics, range}), IsOk());
  ASSERT_THAT(client_.Change(first, node::LockClocks{ClockDomain::kMemory, {Megahertz(900), Megahertz(900)}}), IsOk());
  EXPECT_EQ(first_.LockedClocks(ClockDomain::kGraphics), range);
  ASSERT_THAT(client_.Change(first, node::ResetClocks{ClockDomain::kGraphics}), IsOk());
  EXPECT_EQ(first_.LockedClocks(ClockDomain::kGraphics), std::nullopt);
  EXPECT_TRUE(first_.LockedClocks(ClockDomain::kMemory));
  ASSERT_THAT(client_.Change(first, node::ResetClocks{}), IsOk());
  EXPECT_EQ(first_.LockedClocks(ClockDomain::kMemory), std::nullopt);
}

TEST_F(NodeClientTest, RefusalsNameTheDaemonAndUseItsWords) {
  const std::vector<node::Id> first = {0};
  const std::vector<node::Id> unknown = {7};
  const std::string name = "Zeusd at " + node_.socket().string();
  EXPECT_THAT(client_.Change(first, node::SetPowerLimit{Watts(999)}),
              IsError(ErrorCode::kInvalidArgument, name + ": set_power_limit: device 0: Invalid request: "));
  EXPECT_THAT(client_.Change(first, node::SetPowerLimit{Watts(999)}, node::Wait::kNot), IsOk());
  EXPECT_THAT(client_.Change(unknown, node::SetPowerLimit{Watts(200)}),
              IsError(ErrorCode::kInvalidArgument, "GPU index 7 does not exist."));
  EXPECT_THAT(client_.ReadGpuPower(unknown), IsError(ErrorCode::kInvalidArgument, "GPU 7 not found"));
  EXPECT_THAT(client_.Change(first, node::SetPowerLimit{Watts(200)}, node::Wait::kUntilMade, "no-such-lease"),
              IsError(ErrorCode::kFailedPrecondition, "There is no such lease"));
  first_.FailWith(Error{ErrorCode::kUnavailable, "it fell off the bus"});
  EXPECT_THAT(client_.ReadGpuEnergy(first), IsError(ErrorCode::kUnavailable, "it fell off the bus"));
  first_.FailSettingsWith(Error{ErrorCode::kPermissionDenied, "not you"});
  first_.FailWith(std::nullopt);
  EXPECT_THAT(client_.Change(first, node::SetPowerLimit{Watts(200)}), IsError(ErrorCode::kPermissionDenied, "not you"));
}

TEST_F(NodeClientTest, ADaemonThatStartsAnewIsFoundAgain) {
  ASSERT_THAT(client_.Time(), IsOk());
  node_.Stop();
  EXPECT_THAT(client_.Time(), IsError(ErrorCode::kUnavailable, "Cannot reach Zeusd at " + node_.socket().string()));
  node_.Start();
  ASSERT_THAT(client_.Time(), IsOk());
  // On the connection that was kept, which is closed.
  node_.Stop();
  node_.Start();
  EXPECT_THAT(client_.Time(), IsOk());
}

TEST_F(NodeClientTest, ManyThreadsAskAtOnce) {
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([this] {
      for (int i = 0; i < 100; ++i) EXPECT_THAT(client_.ReadPowerLimit(), IsOk());
    });
  }
}

TEST_F(NodeClientTest, AForkedChildLeavesItsParentsConnectionsAlone) {
  ASSERT_THAT(client_.Time(), IsOk());
  testing::ForkedProcess child([this] {
    for (int i = 0; i < 20; ++i) {
      if (!client_.ReadGpuPower()) return false;
    }
    return true;
  });
  for (int i = 0; i < 20; ++i) EXPECT_THAT(client_.ReadPowerLimit(), IsOk());
  EXPECT_TRUE(child.Succeeded());
}

TEST(NodeAccess, WithoutAKeyWhatIsEnabledMayBeUsed) {
  FakeGpu gpu{{}};
  const testing::ServedNode node({&gpu}, {}, {.groups = {ApiGroup::kGpuRead}});
  NodeClient client(node.config());
  ZEUS_ASSERT_OK_AND_ASSIGN(const NodeAccess access, FindNodeAccess(client));
  EXPECT_TRUE(access.can_read_gpu());
  EXPECT_FALSE(access.can_control_gpu() || access.can_read_cpu());
  EXPECT_THAT(access.Require({.read_gpu = true, .gpus = {0}}), IsOk());
  EXPECT_THAT(access.Require({.read_gpu = true, .control_gpu = true, .gpus = {0, 3}}),
              IsError(ErrorCode::kFailedPrecondition,
                      "Zeusd at " + node.socket().string() +
                          ": API group 'gpu-control' is not enabled on this server; GPU indices [3] not available "
                          "(available: [0])"));
}

TEST(NodeAccess, WithAKeyTheTokenDecides) {
  FakeGpu gpu{{}};
  const testing::ServedNode node({&gpu}, {}, {.key = "secret"});
  const auto access_with = [&](const std::string& token) {
    NodeClient client({.address = node.socket(), .token = token});
    return *FindNodeAccess(client);
  };
  const NodeAccess reader = access_with(node.TokenFor({"gpu-read"}));
  EXPECT_EQ(reader.auth_error, "");
  EXPECT_TRUE(reader.can_read_gpu());
  EXPECT_FALSE(reader.can_control_gpu());
  EXPECT_THAT(
      reader.Require({.control_gpu = true}),
      IsError(ErrorCode::kFailedPrecondition, "Token lacks required scope 'gpu-control' (granted: [gpu-read])"));
  for (const std::string& token : {std::string(), std::string("nonsense")}) {
    const NodeAccess stranger = access_with(token);
    EXPECT_FALSE(stranger.can_read_gpu());
    EXPECT_THAT(stranger.Require({}), IsError(ErrorCode::kPermissionDenied, stranger.auth_error));
    EXPECT_THAT(stranger.auth_error, HasSubstr(token.empty() ? "requires a token" : "Token rejected by Zeusd at "));
  }
}

TEST(NodeAccess, WhoAsksIsTold) {
  const testing::ServedNode node({}, {}, {.key = "secret"});
  NodeClient client({.address = node.socket(), .token = node.TokenFor({"gpu-read", "cpu-read"})});
  ZEUS_ASSERT_OK_AND_ASSIGN(const node::Identity identity, client.WhoAmI());
  EXPECT_EQ(identity.subject, "alice");
  EXPECT_THAT(identity.scopes, ElementsAre("gpu-read", "cpu-read"));
  EXPECT_EQ(identity.expires_s, std::nullopt);
}

}  // namespace
}  // namespace zeus
