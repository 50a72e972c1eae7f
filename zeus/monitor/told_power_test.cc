#include "zeus/monitor/told_power.h"

#include <gtest/gtest.h>

namespace zeus {
namespace {

WallTime At(double seconds) {
  return WallTime(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(1e6 + seconds)));
}

double EnergyAt(const ToldPower& power, double seconds) {
  return power.EnergyUntil(At(seconds)).value();
}

TEST(ToldPowerTest, StaysUntilItIsToldAnew) {
  ToldPower power;
  EXPECT_EQ(EnergyAt(power, 1), 0);
  power.Begin(At(0));
  EXPECT_EQ(EnergyAt(power, 1), 0);
  power.Add(At(1), Watts(10));
  EXPECT_DOUBLE_EQ(EnergyAt(power, 61), 600);
  power.Add(At(61), Watts(200));
  EXPECT_DOUBLE_EQ(EnergyAt(power, 62), 800);
  EXPECT_FALSE(power.is_estimated());
}

TEST(ToldPowerTest, AnOldEventCountsFromTheBegin) {
  ToldPower power;
  power.Begin(At(100));
  power.Add(At(0), Watts(10));
  EXPECT_DOUBLE_EQ(EnergyAt(power, 101), 10);
}

TEST(ToldPowerTest, TimesThatGoBackAddNothing) {
  ToldPower power;
  power.Begin(At(0));
  power.Add(At(2), Watts(10));
  power.Add(At(1), Watts(30));
  EXPECT_DOUBLE_EQ(EnergyAt(power, 1), 0);
  EXPECT_DOUBLE_EQ(EnergyAt(power, 3), 30);
}

TEST(ToldPowerTest, AGapIsEstimated) {
  ToldPower power;
  power.Begin(At(0));
  power.Add(At(0), Watts(10));
  power.Lose(At(2));
  EXPECT_DOUBLE_EQ(EnergyAt(power, 50), 20);
  power.Lose(At(3));  // Told twice.
  EXPECT_DOUBLE_EQ(EnergyAt(power, 50), 20);
  EXPECT_FALSE(power.is_estimated());
  power.Begin(At(4));
  EXPECT_DOUBLE_EQ(EnergyAt(power, 50), 20);
  power.Add(At(1), Watts(30));  // From before the gap; so it is at 4.
  EXPECT_DOUBLE_EQ(EnergyAt(power, 4), 20 + 40);
  EXPECT_DOUBLE_EQ(EnergyAt(power, 5), 20 + 40 + 30);
  EXPECT_TRUE(power.is_estimated());
}

}  // namespace
}  // namespace zeus
