#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "emulator/machine/loads.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "tests/support/shared_test_gpu.h"

namespace zeus::emulator {
namespace {

using testing::IsOk;
using testing::SharedTestGpu;

Work WorkOfSeconds(double seconds) {
  return {.compute = Seconds(0.7 * seconds),
          .memory = Seconds(0.2 * seconds),
          .host = Seconds(0.1 * seconds),
          .computing = {.compute = 0.8},
          .moving = {.compute = 0.2, .memory = 0.6}};
}

class WorkTest : public ::testing::Test {
 protected:
  [[nodiscard]] WorkRun RunUnder(const Work& work, Watts limit) const {
    return emulator::Run(gpu_.model(), work, limit, gpu_.model().Clocks());
  }
  [[nodiscard]] double Duration(const Work& work, Watts limit) const {
    return RunUnder(work, limit).duration().value();
  }
  /// What is done of the first load.
  [[nodiscard]] double DoneAfter(double seconds) const {
    return ListLoads(gpu_.gpu(), gpu_.model(), SharedTestGpu::After(seconds)).at(0).done;
  }

  const SharedTestGpu gpu_;
};

TEST_F(WorkTest, TakesTheModelsTimeAndPowerAtTheLimit) {
  for (const Watts limit : {Watts(250), Watts(150), Watts(100)}) {
    const SharedTestGpu gpu;
    gpu.SetLimit(limit, 0);
    const Work work = WorkOfSeconds(10);
    ASSERT_THAT(gpu.Add(SharedTestGpu::WorkOf(work), 1), IsOk());
    EXPECT_NEAR(gpu.MomentAt(1).watts, RunUnder(work, limit).average_power().value(), 1e-9);
    const double half = 1 + Duration(work, limit) / 2;
    EXPECT_NEAR(ListLoads(gpu.gpu(), gpu.model(), SharedTestGpu::After(half)).at(0).done, 0.5, 1e-8);
  }
}

TEST_F(WorkTest, TakesLongerByWhatALowerLimitSlowsDown) {
  const Work work = WorkOfSeconds(10);
  ASSERT_THAT(gpu_.Add(SharedTestGpu::WorkOf(work), 0), IsOk());
  const double fast = Duration(work, Watts(250));
  const double slow = Duration(work, Watts(100));
  ASSERT_GT(slow, 1.1 * fast);
  gpu_.SetLimit(Watts(100), fast / 2);
  EXPECT_NEAR(DoneAfter(fast), 0.5 + 0.5 * fast / slow, 1e-8);
  EXPECT_LT(DoneAfter(fast / 2 + slow / 2 - 1e-6), 1);
  EXPECT_EQ(DoneAfter(fast / 2 + slow / 2 + 1e-6), 1);
}

TEST_F(WorkTest, TwoWorksTakeTwiceTheTime) {
  const Work work = WorkOfSeconds(10);
  const double alone = Duration(work, Watts(250));
  ASSERT_THAT(gpu_.Add(SharedTestGpu::WorkOf(work), 0), IsOk());
  ZEUS_ASSERT_OK_AND_ASSIGN(const size_t other, gpu_.Add(SharedTestGpu::WorkOf(work), alone / 2));
  EXPECT_NEAR(DoneAfter(alone), 0.75, 1e-8);
  gpu_.Remove(other, alone);
  EXPECT_NEAR(DoneAfter(alone * 9 / 8), 0.875, 1e-8);
}

TEST_F(WorkTest, WorkThatIsDoneTakesNoTurn) {
  ASSERT_THAT(gpu_.Add(SharedTestGpu::WorkOf(WorkOfSeconds(1)), 0), IsOk());
  gpu_.SetLimit(Watts(250), 100);
  EXPECT_DOUBLE_EQ(gpu_.MomentAt(100).watts, PowerAt(gpu_.model(), {}, gpu_.model().Clocks().lowest).value());
}

/// In real time: the machine's clock is the system's.
class AwaitedWorkTest : public WorkTest {
 protected:
  static double NowInSeconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count() -
           SharedTestGpu::kMade * 1e-9;
  }
  // A machine under load wakes whoever sleeps later, but never earlier.
  static void ExpectReached(double expected) {
    EXPECT_GE(NowInSeconds(), expected - 1e-3);
    EXPECT_LT(NowInSeconds(), expected + 2);
  }
};

TEST_F(AwaitedWorkTest, IsAwaitedForItsTime) {
  const Work work = WorkOfSeconds(0.05);
  const double begun = NowInSeconds();
  ZEUS_ASSERT_OK_AND_ASSIGN(const size_t slot, gpu_.Add(SharedTestGpu::WorkOf(work), begun));
  AwaitWork(gpu_.gpu(), gpu_.model(), slot);
  ExpectReached(begun + Duration(work, Watts(250)));
  gpu_.Remove(slot, NowInSeconds());
}

TEST_F(AwaitedWorkTest, AShareIsAwaitedForItsTimeAndTheRestGoesOn) {
  const Work work = WorkOfSeconds(10);
  const double begun = NowInSeconds();
  ZEUS_ASSERT_OK_AND_ASSIGN(const size_t slot, gpu_.Add(SharedTestGpu::WorkOf(work), begun));
  AwaitWork(gpu_.gpu(), gpu_.model(), slot, 0.005);
  ExpectReached(begun + 0.005 * Duration(work, Watts(250)));
  // What is done already is not waited for.
  AwaitWork(gpu_.gpu(), gpu_.model(), slot, 0.005);
  AwaitWork(gpu_.gpu(), gpu_.model(), slot, 0);
  const double now = NowInSeconds();
  EXPECT_GT(gpu_.MomentAt(now).watts, 100);
  gpu_.Remove(slot, now);
  EXPECT_LT(gpu_.MomentAt(now + 1).watts, 50);
}

TEST_F(AwaitedWorkTest, IsAwaitedForLongerWhenTheLimitIsLoweredHalfWay) {
  const Work work = WorkOfSeconds(0.2);
  const double fast = Duration(work, Watts(250));
  const double slow = Duration(work, Watts(100));
  const double begun = NowInSeconds();
  ZEUS_ASSERT_OK_AND_ASSIGN(const size_t slot, gpu_.Add(SharedTestGpu::WorkOf(work), begun));
  double lowered = 0;
  std::jthread administrator([&] {
    std::this_thread::sleep_for(std::chrono::duration<double>(fast / 2));
    lowered = NowInSeconds();
    gpu_.SetLimit(Watts(100), lowered);
  });
  AwaitWork(gpu_.gpu(), gpu_.model(), slot);
  const double ended = NowInSeconds();
  administrator.join();
  // Should the administrator have come late, all of it was done at the old limit.
  const double done = std::min((lowered - begun) / fast, 1.0);
  EXPECT_GE(ended, begun + done * fast + (1 - done) * slow - 1e-3);
  EXPECT_LT(ended, begun + done * fast + (1 - done) * slow + 2);
}

TEST_F(AwaitedWorkTest, WhoWaitsWakesEarlierWhenClocksAreRaised) {
  const Work work = WorkOfSeconds(0.3);
  const auto lowest = static_cast<uint64_t>(gpu_.model().Clocks().lowest.value());
  gpu_.Set(Setting::Kind::kGraphicsLock, lowest << 32 | lowest, 0);
  ASSERT_GT(emulator::Run(gpu_.model(), work, Watts(250), LockedRange(gpu_.gpu(), gpu_.model())).duration(),
            Seconds(2));
  const double begun = NowInSeconds();
  ZEUS_ASSERT_OK_AND_ASSIGN(const size_t slot, gpu_.Add(SharedTestGpu::WorkOf(work), begun));
  std::jthread administrator([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    gpu_.Set(Setting::Kind::kGraphicsLock, 0, NowInSeconds());
  });
  AwaitWork(gpu_.gpu(), gpu_.model(), slot);
  EXPECT_LT(NowInSeconds() - begun, 1.9);
}

}  // namespace
}  // namespace zeus::emulator
