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
  EXPECT_EQ(MonitorCsvHeader({.kind = MonitorKind::kPower}),
            "time,elapsed_s,gpu,power_W,energy_J,domain,source,failure\n");
  EXPECT_EQ(MonitorCsvHeader({.kind = MonitorKind::kPower, .place = MonitorSubject::Place::kNodes}),
            "time,elapsed_s,node,device,power_W,energy_J,domain,source,failure\n");
  EXPECT_EQ(MonitorCsvHeader({.kind = MonitorKind::kEnergy}),
            "time,elapsed_s,gpu,energy_J,average_power_W,source,failure\n");
  EXPECT_EQ(MonitorCsvHeader({.kind = MonitorKind::kTemperature}), "time,elapsed_s,gpu,temperature_C,failure\n");
}

TEST(MonitorCsvTest, AFailureWithACommaIsQuoted) {
  MonitorRound round{.time = {}, .elapsed = Seconds(1.5), .readings = {MonitorReading{}}};
  round.readings[0].failure = Error{ErrorCode::kUnavailable, "lost, alas"};
  const MonitorDevice device{.node = "", .label = "3", .name = ""};
  EXPECT_EQ(MonitorCsv({.kind = MonitorKind::kTemperature, .devices = {device}}, round),
            "1970-01-01 00:00:00.000000000,1.500,3,,\"lost, alas\"\n");
}

TEST(MonitorSummaryTest, TheEnergyOfEachNodeAndOfAll) {
  const MonitorSubject subject{.kind = MonitorKind::kPower,
                               .place = MonitorSubject::Place::kNodes,
                               .devices = {{.node = "b:1", .label = "gpu0", .name = ""},
                                           {.node = "b:1", .label = "cpu0", .name = ""},
                                           {.node = "a:1", .label = "gpu0", .name = ""}}};
  MonitorRound round{.time = {}, .elapsed = Seconds(2), .readings = std::vector<MonitorReading>(3)};
  round.readings[0].energy = Joules(100);
  round.readings[1].energy = Joules(20);
  round.readings[2].energy = Joules(3);
  EXPECT_EQ(MonitorSummary(subject, round), "2.0 s: b:1 120.00 J, a:1 3.00 J, together 123.00 J");
}

}  // namespace
}  // namespace zeus
