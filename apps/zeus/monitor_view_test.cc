#include "apps/zeus/monitor_view.h"

#include <gtest/gtest.h>

namespace zeus {
namespace {

TEST(SparklineTest, ScalesFromLowestToHighest) {
  EXPECT_EQ(Sparkline({0, 50, 100}, 0, 100), "▁▅█");
  EXPECT_EQ(Sparkline({30, 31}, 30, 31), "▁█");
}

TEST(SparklineTest, AGapIsASpace) {
  EXPECT_EQ(Sparkline({1, std::nullopt, 1}, 0, 1), "█ █");
}

TEST(SparklineTest, NothingToScaleIsFlat) {
  EXPECT_EQ(Sparkline({5, 5}, 5, 5), "▁▁");
  EXPECT_EQ(Sparkline({200, -3}, 0, 100), "█▁");
  EXPECT_EQ(Sparkline({}, 0, 1), "");
}

TEST(MonitorCsvTest, HeadersNameTheUnits) {
  EXPECT_EQ(MonitorCsvHeader(MonitorKind::kPower), "time,elapsed_s,gpu,power_W,energy_J,domain,source,failure\n");
  EXPECT_EQ(MonitorCsvHeader(MonitorKind::kEnergy), "time,elapsed_s,gpu,energy_J,average_power_W,source,failure\n");
  EXPECT_EQ(MonitorCsvHeader(MonitorKind::kTemperature), "time,elapsed_s,gpu,temperature_C,failure\n");
}

TEST(MonitorCsvTest, AFailureWithACommaIsQuoted) {
  MonitorRound round{.time = {}, .elapsed = Seconds(1.5), .readings = {MonitorReading{}}};
  round.readings[0].failure = Error{ErrorCode::kUnavailable, "lost, alas"};
  EXPECT_EQ(MonitorCsv(MonitorKind::kTemperature, {{.index = 3, .gpu = nullptr}}, round),
            "1970-01-01 00:00:00.000000000,1.500,3,,\"lost, alas\"\n");
}

}  // namespace
}  // namespace zeus
