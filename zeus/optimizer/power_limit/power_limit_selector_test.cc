#include "zeus/optimizer/power_limit/power_limit_selector.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

PowerLimitMeasurement At(double limit, double energy, double time) {
  return {.power_limit = Watts(limit), .energy = Joules(energy), .time = Seconds(time)};
}

// Slower and, down to 150 W, cheaper the lower the limit.
std::vector<PowerLimitMeasurement> FourLimits() {
  return {At(300, 1000, 10), At(250, 900, 10.5), At(200, 800, 12), At(150, 790, 16)};
}

Watts Choose(const Result<PowerLimitSelector>& selector, const std::vector<PowerLimitMeasurement>& measurements) {
  return selector.value()(measurements).value();
}

TEST(PowerLimitSelectorTest, LeastEnergy) {
  EXPECT_EQ(Choose(SelectLeastEnergy(), FourLimits()), Watts(150));
}

TEST(PowerLimitSelectorTest, LeastTime) {
  EXPECT_EQ(Choose(SelectLeastTime(), FourLimits()), Watts(300));
}

TEST(PowerLimitSelectorTest, LeastCostIsBetweenThem) {
  // Half of energy plus half of 300 W for the time: 2000, 2025, 2200, 2795 J.
  EXPECT_EQ(Choose(SelectLeastCost(0.5, 1), FourLimits()), Watts(300));
  // 0.9 of energy and 0.1 of 300 W: 1200, 1125, 1080, 1191 J.
  EXPECT_EQ(Choose(SelectLeastCost(0.9, 1), FourLimits()), Watts(200));
  EXPECT_EQ(Choose(SelectLeastCost(0, 1), FourLimits()), Watts(300));
  EXPECT_EQ(Choose(SelectLeastCost(1, 1), FourLimits()), Watts(150));
}

TEST(PowerLimitSelectorTest, MaxPowerIsOfAllGpus) {
  // Of 4 GPUs, 0.9 of energy and 0.1 of 1200 W: 2100, 2070, 2160, 2631 J.
  EXPECT_EQ(Choose(SelectLeastCost(0.9, 4), FourLimits()), Watts(250));
}

TEST(PowerLimitSelectorTest, MaxPowerIsTheHighestLimitWhereverItStands) {
  std::vector<PowerLimitMeasurement> ascending = FourLimits();
  std::ranges::reverse(ascending);
  EXPECT_EQ(Choose(SelectLeastCost(0.9, 1), ascending), Watts(200));
  EXPECT_EQ(Choose(SelectLowestWithin(1.06), ascending), Watts(250));
}

TEST(PowerLimitSelectorTest, LowestWithinASlowdown) {
  EXPECT_EQ(Choose(SelectLowestWithin(1), FourLimits()), Watts(300));
  EXPECT_EQ(Choose(SelectLowestWithin(1.04), FourLimits()), Watts(300));
  EXPECT_EQ(Choose(SelectLowestWithin(1.05), FourLimits()), Watts(250));
  EXPECT_EQ(Choose(SelectLowestWithin(1.5), FourLimits()), Watts(200));
  EXPECT_EQ(Choose(SelectLowestWithin(kInfinity), FourLimits()), Watts(150));
  EXPECT_EQ(Choose(SelectLowestWithin(1), {At(300, 1, 10), At(200, 1, std::nextafter(10, 11))}), Watts(300));
}

TEST(PowerLimitSelectorTest, ALowLimitMayBeWithinWhereAHigherOneIsNot) {
  EXPECT_EQ(Choose(SelectLowestWithin(1.1), {At(300, 1, 10), At(200, 1, 12), At(100, 1, 11)}), Watts(100));
}

TEST(PowerLimitSelectorTest, TiesGoToTheFirst) {
  const std::vector<PowerLimitMeasurement> same = {At(200, 5, 5), At(300, 5, 5), At(100, 5, 5)};
  EXPECT_EQ(Choose(SelectLeastEnergy(), same), Watts(200));
  EXPECT_EQ(Choose(SelectLeastTime(), same), Watts(200));
  EXPECT_EQ(Choose(SelectLeastCost(0.5, 1), same), Watts(200));
  EXPECT_EQ(Choose(SelectLowestWithin(1), same), Watts(100));
}

TEST(PowerLimitSelectorTest, OfALimitThatIsThereTwiceTheLastMeasurementCountsInTheFirstsPlace) {
  const std::vector<PowerLimitMeasurement> twice = {At(300, 5, 1), At(200, 9, 9), At(300, 9, 9)};
  EXPECT_EQ(Choose(SelectLeastEnergy(), twice), Watts(300));  // A tie of 9 J each, and 300 W stands first.
  EXPECT_EQ(Choose(SelectLeastTime(), twice), Watts(300));
  EXPECT_EQ(Choose(SelectLeastCost(0.5, 1), twice), Watts(300));
  EXPECT_EQ(Choose(SelectLowestWithin(1), twice), Watts(200));  // Not of the first 1 s.
  const std::vector<PowerLimitMeasurement> worse = {At(300, 5, 5), At(200, 7, 7), At(300, 9, 9)};
  EXPECT_EQ(Choose(SelectLeastEnergy(), worse), Watts(200));
}

TEST(PowerLimitSelectorTest, AnEmptyListIsRefused) {
  const auto is_error = [] { return IsError(ErrorCode::kInvalidArgument, "there are no power limits to choose from"); };
  EXPECT_THAT(SelectLeastEnergy()({}), is_error());
  EXPECT_THAT(SelectLeastTime()({}), is_error());
  EXPECT_THAT(SelectLeastCost(0.5, 1).value()({}), is_error());
  EXPECT_THAT(SelectLowestWithin(1).value()({}), is_error());
}

TEST(PowerLimitSelectorTest, BadParametersAreRefused) {
  for (const double eta : {-0.1, 1.1, std::nan("")}) {
    EXPECT_THAT(SelectLeastCost(eta, 1), IsError(ErrorCode::kInvalidArgument, "the eta knob is "));
  }
  for (const int64_t gpus : {0, -1}) {
    EXPECT_THAT(SelectLeastCost(0.5, gpus), IsError(ErrorCode::kInvalidArgument, "the number of GPUs is "));
  }
  for (const double factor : {0.99, -1.0, std::nan("")}) {
    EXPECT_THAT(SelectLowestWithin(factor), IsError(ErrorCode::kInvalidArgument, "the slowdown factor is "));
  }
}

TEST(PowerLimitSelectorTest, ALimitThatIsNoPowerIsRefused) {
  const std::vector<PowerLimitMeasurement> none = {At(0, 1, 1)};
  EXPECT_THAT(SelectLeastCost(0.5, 1).value()(none), IsError(ErrorCode::kInvalidArgument, "the maximum power is 0 W"));
}

}  // namespace
}  // namespace zeus
