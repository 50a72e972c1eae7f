#include "zeus/trace/power_log_analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::TemporaryFolder;

class PowerLogAnalysisTest : public ::testing::Test {
 protected:
  /// A sample each second from 0 s on, with these watts.
  std::filesystem::path Log(const std::vector<int>& watts) {
    std::string text(PowerLogHeader());
    for (size_t i = 0; i < watts.size(); ++i) {
      AppendPowerLogLine({.time = kBegin + std::chrono::seconds(i), .power = Watts(watts[i])}, &text);
    }
    return folder_.Write("power.csv", text);
  }

  const WallTime kBegin{std::chrono::seconds(1'663'211'402)};
  TemporaryFolder folder_;
};

TEST_F(PowerLogAnalysisTest, EnergyIsTheAreaByTheTrapezoidRule) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerLogSummary summary, AnalyzePowerLog(Log({100, 200, 300, 50})));
  EXPECT_EQ(summary.samples, 4U);
  EXPECT_EQ(summary.energy, Joules(150 + 250 + 175));
  EXPECT_EQ(summary.time, Seconds(3));
  EXPECT_EQ(summary.average, Watts(575.0 / 3));
  EXPECT_EQ(summary.lowest, Watts(50));
  EXPECT_EQ(summary.peak, Watts(300));
  EXPECT_EQ(summary.longest_gap, Seconds(1));
}

TEST_F(PowerLogAnalysisTest, ASpanCountsFromEitherEnd) {
  const std::filesystem::path log = Log({100, 200, 300, 400, 500});
  const auto energy = [&](std::optional<Seconds> start, std::optional<Seconds> end) {
    const Result<PowerLogSummary> summary = AnalyzePowerLog(log, {.start = start, .end = end});
    return summary ? summary->energy.value() : -1;
  };
  EXPECT_EQ(energy({}, {}), 1200);
  EXPECT_EQ(energy(Seconds(1), {}), 1050);
  EXPECT_EQ(energy(Seconds(-2), {}), 800);
  EXPECT_EQ(energy({}, Seconds(-2)), 400);
  EXPECT_EQ(energy({}, Seconds(2)), 400);
  EXPECT_EQ(energy(Seconds(1), Seconds(3)), 600);
  EXPECT_EQ(energy(Seconds(-3), Seconds(-1)), 600);
  EXPECT_EQ(energy(Seconds(0.5), Seconds(3.5)), 600);
}

TEST_F(PowerLogAnalysisTest, AverageIsOverTheSamplesThatCount) {
  const std::filesystem::path log = Log({100, 200, 300, 400, 500});
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerLogSummary summary,
                            AnalyzePowerLog(log, {.start = Seconds(0.5), .end = Seconds(-1.5)}));
  EXPECT_EQ(summary.first, kBegin + std::chrono::seconds(1));
  EXPECT_EQ(summary.last, kBegin + std::chrono::seconds(2));
  EXPECT_EQ(summary.average, Watts(250));
}

TEST_F(PowerLogAnalysisTest, TheObserverSeesTheSamplesThatCount) {
  std::vector<double> seen;
  const auto observe = [&](Seconds time, const PowerLogSample& sample) {
    seen.push_back(time.value());
    seen.push_back(sample.power.value());
  };
  ASSERT_THAT(AnalyzePowerLog(Log({100, 200, 300}), {.start = Seconds(1), .end = {}}, observe), testing::IsOk());
  EXPECT_THAT(seen, ::testing::ElementsAre(1, 200, 2, 300));
}

TEST_F(PowerLogAnalysisTest, SpansThatCannotBeMeasured) {
  const std::filesystem::path log = Log({100, 200, 300});
  const auto expect = [&](PowerLogSpan span, const char* message) {
    EXPECT_THAT(AnalyzePowerLog(log, span), IsError(ErrorCode::kInvalidArgument, message));
  };
  expect({.start = Seconds(2), .end = Seconds(1)}, "the span ends at 1 s, which is not after its start at 2 s");
  expect({.start = Seconds(-1), .end = Seconds(0.5)}, "the span ends at 0.5 s, which is not after its start at 1 s");
  expect({.start = Seconds(1.5), .end = {}},
         "energy needs two samples at different times, found 1 in the span (the log is 2.000 s long)");
  expect({.start = Seconds(50), .end = {}}, "found 0 in the span");
  EXPECT_THAT(AnalyzePowerLog(Log({})), IsError(ErrorCode::kInvalidArgument, "found 0 in the log"));
  EXPECT_THAT(AnalyzePowerLog(Log({1})), IsError(ErrorCode::kInvalidArgument, "found 1 in the log"));
}

TEST_F(PowerLogAnalysisTest, ADamagedLogIsRefusedEvenOutsideTheSpan) {
  std::string text(PowerLogHeader());
  for (int i = 0; i < 3; ++i) AppendPowerLogLine({.time = kBegin + std::chrono::seconds(i), .power = Watts(1)}, &text);
  const std::filesystem::path log = folder_.Write("damaged.csv", text + "nonsense\n");
  for (const PowerLogSpan& span :
       {PowerLogSpan{}, PowerLogSpan{.start = {}, .end = Seconds(1)}, PowerLogSpan{.start = Seconds(-1), .end = {}}}) {
    EXPECT_THAT(AnalyzePowerLog(log, span), IsError(ErrorCode::kInvalidData, log.string() + ":5: expected 2 fields"));
  }
}

TEST_F(PowerLogAnalysisTest, AnIncompleteLastLineIsLeftOut) {
  std::string text(PowerLogHeader());
  for (int i = 0; i < 3; ++i) AppendPowerLogLine({.time = kBegin + std::chrono::seconds(i), .power = Watts(1)}, &text);
  text.pop_back();
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerLogSummary summary, AnalyzePowerLog(folder_.Write("cut.csv", text)));
  EXPECT_TRUE(summary.incomplete_line);
  EXPECT_EQ(summary.energy, Joules(1));
}

}  // namespace
}  // namespace zeus
