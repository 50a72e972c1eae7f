#include "zeus/monitor/power_timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/print_quantities.h"

namespace zeus {
namespace {

using ::testing::Eq;
using ::testing::Optional;

Time At(double seconds) {
  return Time(std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(seconds)));
}
PowerRun Stretch(double first, double last, double watts) {
  return {At(first), At(last), Watts(watts)};
}
PowerSummary Summarize(const std::vector<PowerRun>& runs, double from, double to, Seconds longest_gap = kAnyGap) {
  return SummarizePower(runs, At(from), At(to), longest_gap).value();
}

TEST(PowerTimelineTest, AConstantPowerCounts) {
  // The published package keeps only changes and integrates between those: 0 J.
  const PowerSummary summary = Summarize({Stretch(0, 100, 200)}, 10, 20);
  EXPECT_DOUBLE_EQ(summary.energy.value(), 2000);
  EXPECT_DOUBLE_EQ(summary.average().value(), 200);
  EXPECT_EQ(summary.held_over, Seconds(0));
  EXPECT_EQ(summary.samples, 1U);
}

TEST(PowerTimelineTest, TheEdgesAreHeld) {
  const PowerSummary summary = Summarize({Stretch(2, 2, 100), Stretch(4, 4, 200)}, 0, 10);
  EXPECT_DOUBLE_EQ(summary.energy.value(), 2 * 100 + 2 * 150 + 6 * 200);
  EXPECT_DOUBLE_EQ(summary.held_over.value(), 8);
  EXPECT_EQ(summary.peak, Watts(200));
}

TEST(PowerTimelineTest, ALineIsCutAtTheEdges) {
  // From 100 W to 200 W in 10 s: 120 W at the one edge and 160 W at the other.
  const PowerSummary summary = Summarize({Stretch(0, 0, 100), Stretch(10, 10, 200)}, 2, 6);
  EXPECT_DOUBLE_EQ(summary.energy.value(), 4 * 140);
  EXPECT_DOUBLE_EQ(summary.peak.value(), 160);
  EXPECT_EQ(summary.held_over, Seconds(0));
  EXPECT_EQ(summary.samples, 0U);
}

TEST(PowerTimelineTest, AConstantStretchIsNoLineToTheNextChange) {
  const PowerSummary summary = Summarize({Stretch(0, 9, 100), Stretch(10, 20, 300)}, 0, 20);
  EXPECT_DOUBLE_EQ(summary.energy.value(), 9 * 100 + 200 + 10 * 300);
}

TEST(PowerTimelineTest, BeforeAndAfterAllSamples) {
  const std::vector<PowerRun> runs{Stretch(10, 11, 100), Stretch(12, 13, 50)};
  const PowerSummary before = Summarize(runs, 0, 5);
  EXPECT_DOUBLE_EQ(before.energy.value(), 500);
  EXPECT_DOUBLE_EQ(before.held_over.value(), 5);
  const PowerSummary after = Summarize(runs, 20, 30);
  EXPECT_DOUBLE_EQ(after.energy.value(), 500);
  EXPECT_EQ(after.peak, Watts(50));
  EXPECT_DOUBLE_EQ(after.held_over.value(), 10);
}

TEST(PowerTimelineTest, ALongGapWasNotSeen) {
  const PowerSummary summary = Summarize({Stretch(0, 1, 100), Stretch(11, 12, 300)}, 0, 12, Seconds(5));
  EXPECT_DOUBLE_EQ(summary.energy.value(), 100 + 10 * 100 + 300);
  EXPECT_DOUBLE_EQ(summary.held_over.value(), 10);
}

TEST(PowerTimelineTest, AnInstant) {
  const PowerSummary summary = Summarize({Stretch(0, 0, 100), Stretch(10, 10, 200)}, 10, 10);
  EXPECT_EQ(summary.energy, Joules(0));
  EXPECT_EQ(summary.average(), Watts(0));
  EXPECT_EQ(summary.peak, Watts(200));
}

TEST(PowerTimelineTest, NothingFromNothing) {
  EXPECT_EQ(SummarizePower({}, At(0), At(1)).has_value(), false);
  const std::vector<PowerRun> runs{Stretch(0, 1, 100)};
  EXPECT_EQ(SummarizePower(runs, At(1), At(0)).has_value(), false);
  EXPECT_EQ(PowerAt({}, At(0)), std::nullopt);
}

TEST(PowerTimelineTest, AWindowOfManyPartsIsTheSumOfTheParts) {
  std::vector<PowerRun> runs;
  for (int i = 0; i < 100; ++i) runs.push_back(Stretch(i, i + 0.5 * (i % 2), 100 + (i * 37) % 91));
  double sum = 0;
  for (int i = 0; i < 50; ++i) sum += Summarize(runs, 1.9 * i, 1.9 * (i + 1)).energy.value();
  EXPECT_NEAR(sum, Summarize(runs, 0, 1.9 * 50).energy.value(), 1e-6);
}

TEST(PowerTimelineTest, PowerAtATime) {
  const std::vector<PowerRun> runs{Stretch(0, 4, 100), Stretch(6, 6, 200), Stretch(7, 7, 300)};
  EXPECT_THAT(PowerAt(runs, At(-5)), Optional(Eq(Watts(100))));
  EXPECT_THAT(PowerAt(runs, At(3)), Optional(Eq(Watts(100))));
  EXPECT_THAT(PowerAt(runs, At(4.9)), Optional(Eq(Watts(100))));
  EXPECT_THAT(PowerAt(runs, At(5)), Optional(Eq(Watts(100)))) << "as near to both: the earlier";
  EXPECT_THAT(PowerAt(runs, At(5.1)), Optional(Eq(Watts(200))));
  EXPECT_THAT(PowerAt(runs, At(99)), Optional(Eq(Watts(300))));
}

TEST(PowerIntegratorTest, AStreamWithoutAnEnd) {
  PowerIntegrator integrator(Seconds(1), kAnyGap);
  EXPECT_EQ(integrator.Summary().has_value(), false);
  integrator.Add(Seconds(0), Watts(100));
  integrator.Add(Seconds(2), Watts(100));
  integrator.Add(Seconds(1.5), Watts(900));  // Out of order: passed over.
  integrator.Add(Seconds(4), Watts(200));
  const PowerSummary summary = integrator.Summary().value();
  EXPECT_DOUBLE_EQ(summary.energy.value(), 100 + 300);
  EXPECT_EQ(summary.duration, Seconds(3));
  EXPECT_EQ(summary.samples, 2U);
}

}  // namespace
}  // namespace zeus
