#include "zeus/device/remote/node_changer.h"

#include <gmock/gmock.h>

#include <functional>
#include <thread>

#include "tests/support/forked_process.h"
#include "tests/support/result_matchers.h"
#include "tests/support/served_node.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus {
namespace {

using std::chrono::milliseconds;
using testing::ForkedProcess;
using testing::IsError;
using testing::IsOk;
using testing::ServedNode;

constexpr ClockRange kSlow{Megahertz(500), Megahertz(1000)};

bool Becomes(const std::function<bool()>& is_so, milliseconds within = milliseconds(5000)) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

// Makes the change once there is a daemon.
bool ChangeLater(const NodeConfig& config, std::unique_ptr<NodeChanger>& changer) {
  changer = std::make_unique<NodeChanger>(config, NodeChanges::kLeased);
  return changer->Change(0, node::SetPowerLimit{Watts(150)}).has_value();
}

class NodeChangerTest : public ::testing::Test {
 protected:
  Watts Limit() { return gpu_.settings().ReadPowerLimit().value_or(Watts(-1)); }
  std::function<bool()> IsSetTo(Watts limit) {
    return [this, limit] { return Limit() == limit; };
  }

  FakeGpu gpu_{{}};
};

TEST_F(NodeChangerTest, WhatIsLeasedComesBackAndTheRestStays) {
  const ServedNode node({&gpu_});
  {
    NodeChanger changer(node.config(), NodeChanges::kLeased);
    ASSERT_THAT(changer.Change(0, node::SetPowerLimit{Watts(150)}), IsOk());
    ASSERT_THAT(changer.Change(0, node::LockClocks{ClockDomain::kGraphics, kSlow}), IsOk());
    EXPECT_EQ(Limit(), Watts(150));
    EXPECT_EQ(changer.PowerLimitOf(0), Watts(150));
  }
  EXPECT_EQ(Limit(), Watts(250));
  EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kGraphics), std::nullopt);
  {
    NodeChanger changer(node.config(), NodeChanges::kForGood);
    ASSERT_THAT(changer.Change(0, node::SetPowerLimit{Watts(200)}), IsOk());
  }
  EXPECT_EQ(Limit(), Watts(200));
}

TEST_F(NodeChangerTest, OneProcessHasOneLease) {
  const ServedNode node({&gpu_});
  const auto changer = NodeChanger::Share(node.config(), NodeChanges::kLeased);
  EXPECT_EQ(changer, NodeChanger::Share(node.config(), NodeChanges::kLeased));
  EXPECT_NE(changer, NodeChanger::Share(node.config(), NodeChanges::kForGood));
}

TEST_F(NodeChangerTest, AKilledProcessLeavesNothingChanged) {
  testing::TemporaryFolder folder;
  const std::filesystem::path socket = folder.path() / "zeusd.sock";
  std::unique_ptr<NodeChanger> of_child;
  ForkedProcess child([&] { return ChangeLater({.address = socket}, of_child); });
  const ServedNode node({&gpu_}, {}, {.socket = socket});
  ASSERT_TRUE(child.Succeeded());
  EXPECT_EQ(Limit(), Watts(150));
  child.Kill();
  EXPECT_TRUE(Becomes(IsSetTo(Watts(250))));
}

TEST_F(NodeChangerTest, AChildOfAKilledProcessDoesNotKeepItsLease) {
  testing::TemporaryFolder folder;
  const std::filesystem::path socket = folder.path() / "zeusd.sock";
  std::unique_ptr<NodeChanger> of_child;
  ForkedProcess child([&] {
    if (!ChangeLater({.address = socket}, of_child)) return false;
    if (::fork() == 0) {
      const bool refuses = !of_child->Change(0, node::SetPowerLimit{Watts(120)});
      of_child.reset();  // Neither waits for a thread nor ends the lease.
      ::sleep(10);
      ::_exit(refuses ? 0 : 1);
    }
    ::usleep(100'000);
    return true;
  });
  const ServedNode node({&gpu_}, {}, {.socket = socket});
  ASSERT_TRUE(child.Succeeded());
  EXPECT_EQ(Limit(), Watts(150));
  child.Kill();
  EXPECT_TRUE(Becomes(IsSetTo(Watts(250)), milliseconds(3000)));
}

TEST_F(NodeChangerTest, ADaemonThatStartsAnewIsToldWhatCounts) {
  ServedNode node({&gpu_});
  NodeChanger changer(node.config(), NodeChanges::kLeased);
  ASSERT_THAT(changer.Change(0, node::SetPersistenceMode{PersistenceMode::kOn}), IsOk());
  ASSERT_THAT(changer.Change(0, node::SetPowerLimit{Watts(200)}), IsOk());
  ASSERT_THAT(changer.Change(0, node::SetPowerLimit{Watts(150)}), IsOk());
  ASSERT_THAT(changer.Change(0, node::LockClocks{ClockDomain::kGraphics, kSlow}), IsOk());
  ASSERT_THAT(changer.Change(0, node::LockClocks{ClockDomain::kMemory, {Megahertz(900), Megahertz(900)}}), IsOk());
  ASSERT_THAT(changer.Change(0, node::ResetClocks{ClockDomain::kMemory}), IsOk());
  for (int i = 0; i < 3; ++i) {
    node.Stop();
    ASSERT_EQ(Limit(), Watts(250));
    node.Start();
    EXPECT_TRUE(Becomes(IsSetTo(Watts(150))));
    EXPECT_TRUE(Becomes([&] { return gpu_.LockedClocks(ClockDomain::kGraphics) == kSlow; }));
    EXPECT_EQ(gpu_.settings().ReadPersistenceMode(), PersistenceMode::kOn);
    EXPECT_EQ(gpu_.LockedClocks(ClockDomain::kMemory), std::nullopt);
  }
}

TEST_F(NodeChangerTest, AChangeWaitsForADaemonThatIsAway) {
  ServedNode node({&gpu_});
  NodeChanger changer(node.config(), NodeChanges::kLeased);
  ASSERT_THAT(changer.Change(0, node::SetPowerLimit{Watts(200)}), IsOk());
  node.Stop();
  std::jthread later([&] {
    std::this_thread::sleep_for(milliseconds(300));
    node.Start();
  });
  EXPECT_THAT(changer.Change(0, node::SetPowerLimit{Watts(150)}), IsOk());
  EXPECT_EQ(Limit(), Watts(150));
}

TEST_F(NodeChangerTest, OnlyTheFirstWaitsForADaemonThatStaysAway) {
  ServedNode node({&gpu_});
  NodeChanger changer(node.config(), NodeChanges::kLeased, milliseconds(300));
  ASSERT_THAT(changer.Change(0, node::SetPowerLimit{Watts(200)}), IsOk());
  node.Stop();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(changer.Change(0, node::SetPowerLimit{Watts(150)}),
              IsError(ErrorCode::kUnavailable, "Zeusd at " + node.socket().string()));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(300));
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(changer.Change(0, node::SetPowerLimit{Watts(150)}), IsError(ErrorCode::kUnavailable, "Zeusd"));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(1500));
  EXPECT_EQ(changer.PowerLimitOf(0), Watts(200));
}

TEST_F(NodeChangerTest, WhatADeviceRefusesIsNotTriedAgain) {
  const ServedNode node({&gpu_});
  NodeChanger changer(node.config(), NodeChanges::kLeased);
  EXPECT_THAT(changer.Change(0, node::SetPowerLimit{Watts(999)}), IsError(ErrorCode::kInvalidArgument, "999"));
  EXPECT_THAT(changer.Change(7, node::SetPowerLimit{Watts(150)}), IsError(ErrorCode::kInvalidArgument, "GPU index 7"));
  EXPECT_EQ(changer.PowerLimitOf(0), std::nullopt);
}

TEST_F(NodeChangerTest, WithoutTheScopeThereIsNoLease) {
  const ServedNode node({&gpu_}, {}, {.key = "secret"});
  NodeChanger changer({.address = node.socket(), .token = node.TokenFor({"gpu-read"})}, NodeChanges::kLeased);
  EXPECT_THAT(changer.Change(0, node::SetPowerLimit{Watts(150)}),
              IsError(ErrorCode::kPermissionDenied, "lacks required scope 'gpu-control'"));
}

}  // namespace
}  // namespace zeus
