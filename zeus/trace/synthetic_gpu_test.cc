#include "zeus/trace/synthetic_gpu.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;

// Half computing, a third memory, the rest overhead.
constexpr SyntheticWork kWork = {.overhead = Seconds(1), .memory = Seconds(2), .compute = Seconds(3)};

TEST(SyntheticGpuTest, PowerAndTimeAtAClockFollowFromTheParameters) {
  const SyntheticGpu gpu = {
      .idle_power = Watts(50), .memory_power = Watts(100), .full_power = Watts(250), .power_exponent = 2, .speed = 2};
  const OperatingPoint point = RunAtClock(gpu, kWork, 0.5);
  // Overhead 1 s at 50 W; memory 2/2 s at 100 W; computing 3/(2*0.5) s at 50 + 200 * 0.25 W.
  EXPECT_DOUBLE_EQ(point.time.value(), 1 + 1 + 3);
  EXPECT_DOUBLE_EQ(point.average_power.value(), (50 + 100 + 3 * 100) / 5.0);
}

TEST(SyntheticGpuTest, ALimitThatIsNotReachedLeavesTheClockAlone) {
  const SyntheticGpu gpu;
  const OperatingPoint free = RunAtClock(gpu, kWork, 1);
  const OperatingPoint limited = RunUnderLimit(gpu, kWork, free.average_power + Watts(1));
  EXPECT_EQ(limited.clock, 1);
  EXPECT_EQ(limited.time, free.time);
}

TEST(SyntheticGpuTest, ALimitIsKeptAndUsedUp) {
  const SyntheticGpu gpu;
  for (double limit = 81; limit < 200; limit += 0.5) {
    const OperatingPoint point = RunUnderLimit(gpu, kWork, Watts(limit));
    EXPECT_LE(point.average_power, Watts(limit));
    EXPECT_GT(point.average_power, Watts(limit - 1e-6));
  }
}

TEST(SyntheticGpuTest, TimeNeverGrowsWithTheLimit) {
  const SyntheticGpu gpu;
  Seconds previous(std::numeric_limits<double>::infinity());
  for (double limit = 81; limit < 400; limit += 0.5) {
    const Seconds time = RunUnderLimit(gpu, kWork, Watts(limit)).time;
    EXPECT_LE(time, previous) << limit;
    previous = time;
  }
}

TEST(SyntheticGpuTest, EnergyIsSmallestAtSomeLimitInBetween) {
  const SyntheticGpu gpu;
  const auto energy = [&](double limit) {
    const OperatingPoint point = RunUnderLimit(gpu, kWork, Watts(limit));
    return point.average_power * point.time;
  };
  EXPECT_LT(energy(120), energy(85));
  EXPECT_LT(energy(120), energy(250));
}

TEST(SyntheticGpuTest, TheLowestPossibleLimitIsKeptEvenWhereMemoryDrawsMore) {
  const SyntheticGpu gpu = {.memory_power = Watts(330), .min_limit = Watts(81)};
  ASSERT_THAT(Validate(gpu), IsOk());
  const OperatingPoint point =
      RunUnderLimit(gpu, {.overhead = Seconds(0), .memory = Seconds(1e6), .compute = Seconds(1e-6)}, Watts(81));
  EXPECT_LE(point.average_power, Watts(81));
  EXPECT_TRUE(std::isfinite(point.time.value()));
}

TEST(SyntheticGpuTest, LimitsGoInStepsAndEndAtTheHighest) {
  EXPECT_THAT(PowerLimits({.min_limit = Watts(100), .max_limit = Watts(160), .limit_step = Watts(25)}),
              ElementsAre(Watts(100), Watts(125), Watts(150), Watts(160)));
  EXPECT_THAT(PowerLimits({.min_limit = Watts(100), .max_limit = Watts(150), .limit_step = Watts(25)}),
              ElementsAre(Watts(100), Watts(125), Watts(150)));
  EXPECT_THAT(PowerLimits({.min_limit = Watts(100), .max_limit = Watts(100)}), ElementsAre(Watts(100)));
}

struct BadGpu {
  std::string field;
  std::function<void(SyntheticGpu*)> spoil;
};

void PrintTo(const BadGpu& bad, std::ostream* out) {
  *out << bad.field;
}

class SyntheticGpuErrorTest : public ::testing::TestWithParam<BadGpu> {};

TEST_P(SyntheticGpuErrorTest, NamesTheField) {
  SyntheticGpu gpu;
  ASSERT_THAT(Validate(gpu), IsOk());
  GetParam().spoil(&gpu);
  EXPECT_THAT(Validate(gpu), IsError(ErrorCode::kInvalidArgument, GetParam().field + ": expected"));
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

INSTANTIATE_TEST_SUITE_P(
    Fields, SyntheticGpuErrorTest,
    ::testing::Values(BadGpu{"gpu", [](SyntheticGpu* gpu) { gpu->name = ""; }},
                      BadGpu{"gpu", [](SyntheticGpu* gpu) { gpu->name = "../v100"; }},
                      BadGpu{"idle_power", [](SyntheticGpu* gpu) { gpu->idle_power = Watts(0); }},
                      BadGpu{"idle_power", [](SyntheticGpu* gpu) { gpu->idle_power = Watts(kNan); }},
                      BadGpu{"memory_power", [](SyntheticGpu* gpu) { gpu->memory_power = Watts(79); }},
                      BadGpu{"memory_power", [](SyntheticGpu* gpu) { gpu->memory_power = Watts(331); }},
                      BadGpu{"full_power", [](SyntheticGpu* gpu) { gpu->full_power = Watts(79); }},
                      BadGpu{"full_power", [](SyntheticGpu* gpu) { gpu->full_power = Watts(kInfinity); }},
                      BadGpu{"power_exponent", [](SyntheticGpu* gpu) { gpu->power_exponent = 1; }},
                      BadGpu{"min_limit", [](SyntheticGpu* gpu) { gpu->min_limit = Watts(80.5); }},
                      BadGpu{"max_limit", [](SyntheticGpu* gpu) { gpu->max_limit = Watts(99); }},
                      BadGpu{"limit_step", [](SyntheticGpu* gpu) { gpu->limit_step = Watts(0); }},
                      BadGpu{"limit_step", [](SyntheticGpu* gpu) { gpu->limit_step = Watts(1e-9); }},
                      BadGpu{"speed", [](SyntheticGpu* gpu) { gpu->speed = -1; }}));

}  // namespace
}  // namespace zeus
