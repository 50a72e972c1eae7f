#include "zeus/device/amdsmi/energy_validation.h"

#include <gtest/gtest.h>

namespace zeus::amdsmi {
namespace {

EnergyEvidence Evidence(double watts, double joules) {
  return {.index = 0, .name = "AMD Instinct MI300X", .power = Watts(watts), .counted = Joules(joules)};
}

TEST(EnergyValidationTest, AGoodCounterIsTrusted) {
  const EnergyVerdict verdict = JudgeEnergyCounter(Evidence(100, 51));
  EXPECT_EQ(verdict.why_no_energy, "");
  EXPECT_EQ(verdict.why_no_power, "");
  EXPECT_EQ(verdict.note, "");
}

TEST(EnergyValidationTest, BoundsAreStrict) {
  EXPECT_NE(JudgeEnergyCounter(Evidence(100, 5)).why_no_energy, "");
  EXPECT_EQ(JudgeEnergyCounter(Evidence(100, 5.001)).why_no_energy, "");
  EXPECT_EQ(JudgeEnergyCounter(Evidence(100, 499.9)).why_no_energy, "");
  EXPECT_NE(JudgeEnergyCounter(Evidence(100, 500)).why_no_energy, "");
}

TEST(EnergyValidationTest, TheReasonHasTheFigures) {
  EXPECT_EQ(JudgeEnergyCounter(Evidence(100, 0)).why_no_energy,
            "the energy counter cannot be trusted: it counted 0 J in 0.5 s, and the power sensor makes that 50 J");
}

TEST(EnergyValidationTest, ACounterThatFellIsNotTrusted) {
  EXPECT_NE(JudgeEnergyCounter(Evidence(100, -50)).why_no_energy, "");
}

TEST(EnergyValidationTest, WithoutPowerNothingCanBeChecked) {
  EXPECT_EQ(JudgeEnergyCounter(Evidence(0, 50)).why_no_energy,
            "the power sensor shows 0 W, so that the energy counter cannot be checked against it");
  EXPECT_EQ(JudgeEnergyCounter(Evidence(0, 50)).why_no_power, "");
  EXPECT_EQ(JudgeEnergyCounter(Evidence(1.9e-6, 0)).why_no_energy.substr(0, 16), "the power sensor");
}

TEST(EnergyValidationTest, SecondChipletOfAnMi250HasNoPower) {
  EnergyEvidence evidence{.index = 3, .name = "AMD Instinct MI250X", .power = Watts(0), .counted = Joules(0)};
  const EnergyVerdict verdict = JudgeEnergyCounter(evidence);
  EXPECT_EQ(verdict.why_no_power, "this is the second chiplet of an MI250: GPU 2 reports the power and energy of both");
  EXPECT_EQ(verdict.why_no_energy, verdict.why_no_power);
  evidence.index = 2;
  EXPECT_EQ(JudgeEnergyCounter(evidence).why_no_power, "");
}

TEST(EnergyValidationTest, FirstChipletOfAnMi250SpeaksForBoth) {
  const EnergyEvidence evidence{.index = 2, .name = "AMD Instinct MI250", .power = Watts(90), .counted = Joules(45)};
  const EnergyVerdict verdict = JudgeEnergyCounter(evidence);
  EXPECT_EQ(verdict.why_no_energy, "");
  EXPECT_EQ(verdict.note, "GPU 2 is the first chiplet of an MI250: its power and energy are those of both chiplets");
}

}  // namespace
}  // namespace zeus::amdsmi
