#include "services/node_daemon/device_owner.h"

#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <vector>

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

}  // namespace
}  // namespace zeus
