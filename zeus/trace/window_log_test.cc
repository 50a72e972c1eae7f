#include "zeus/trace/window_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/print_quantities.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST(WindowLogTest, WithoutCpusItIsThePublishedPackages) {
  const WindowLogColumns columns{.gpus = {0, 2}, .cpus = {}, .drams = {}};
  EXPECT_EQ(WindowLogHeader(columns), "start_time,window_name,elapsed_time,gpu0_energy,gpu2_energy\n");
  const WindowRow row{.start_time = Seconds(1700000000.25),
                      .name = "epoch",
                      .elapsed = Seconds(1e-5),
                      .gpu_energy = {Joules(1234567.89), Joules(1)}};
  EXPECT_EQ(WindowLogLine(columns, row), "1700000000.25,epoch,1e-05,1234567.89,1.0\n");
}

TEST(WindowLogTest, WithoutDevicesItEndsInACommaAsThePublishedPackages) {
  EXPECT_EQ(WindowLogHeader({}), "start_time,window_name,elapsed_time,\n");
  const std::string line = WindowLogLine({}, {.start_time = Seconds(1), .name = "a", .elapsed = Seconds(2)});
  EXPECT_EQ(line, "1.0,a,2.0,\n");
  Problems problems;
  EXPECT_EQ(ParseWindowLog(WindowLogHeader({}) + line, "log", &problems).rows.size(), 1U);
  EXPECT_THAT(problems, IsEmpty());
}

TEST(WindowLogTest, EverythingReadsBack) {
  const WindowLogColumns columns{
      .gpus = {0, 1, 2}, .cpus = {0, 1}, .drams = {1}, .detail = WindowLogDetail::kProvenances};
  const WindowRow row{
      .start_time = Seconds(1.1),
      .name = "a \"quoted\", broken\nname",
      .elapsed = Seconds(0.1),
      .gpu_energy = {Joules(0.1), std::nullopt, Joules(3)},
      .cpu_energy = {std::nullopt, Joules(1e300)},
      .dram_energy = {Joules(0)},
      .gpu_provenance = {EnergyProvenance::kMeasured, EnergyProvenance::kEstimated, EnergyProvenance::kIntegrated}};
  const std::string text = WindowLogHeader(columns) + WindowLogLine(columns, row);
  EXPECT_EQ(text,
            "start_time,window_name,elapsed_time,gpu0_energy,gpu1_energy,gpu2_energy,cpu0_energy,cpu1_energy,"
            "dram1_energy,gpu0_source,gpu1_source,gpu2_source\n"
            "1.1,\"a \"\"quoted\"\", broken\nname\",0.1,0.1,,3.0,,1e+300,0.0,measured,missing,integrated\n");
  Problems problems;
  const WindowLog log = ParseWindowLog(text, "log", &problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(log.columns.gpus, columns.gpus);
  EXPECT_EQ(log.columns.cpus, columns.cpus);
  EXPECT_EQ(log.columns.drams, columns.drams);
  ASSERT_EQ(log.rows.size(), 1U);
  EXPECT_EQ(log.rows[0].name, row.name);
  EXPECT_EQ(log.rows[0].elapsed, row.elapsed);
  EXPECT_EQ(log.rows[0].gpu_energy, row.gpu_energy);
  EXPECT_EQ(log.rows[0].cpu_energy, row.cpu_energy);
  EXPECT_EQ(log.rows[0].dram_energy, row.dram_energy);
  EXPECT_EQ(log.rows[0].gpu_provenance, row.gpu_provenance);
  EXPECT_EQ(log.rows[0].line, 2U);
}

std::string ProblemOf(std::string_view text) {
  Problems problems;
  static_cast<void>(ParseWindowLog(text, "log.csv", &problems));
  return problems.size() == 1 ? ToText(problems[0]) : std::to_string(problems.size()) + " problems";
}

TEST(WindowLogTest, AnIndexIsWrittenInOneWayOnly) {
  Problems problems;
  const WindowLog log = ParseWindowLog(
      "start_time,window_name,elapsed_time,gpu0_energy,gpu00_energy,gpu10_energy,cpu01_energy\n1,a,2,3,4,5,6\n", "log",
      &problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(log.columns.gpus, ElementsAre(0, 10));
  EXPECT_THAT(log.columns.cpus, IsEmpty());
}

TEST(WindowLogTest, DamageIsSaidWithItsPlace) {
  const std::string header = "start_time,window_name,elapsed_time,gpu0_energy\n";
  EXPECT_EQ(ProblemOf(header + "1.0,a,2.0,x\n"), "log.csv:2:11: gpu0_energy: expected a number, found \"x\"");
  EXPECT_EQ(ProblemOf(header + "1.0,a,2.0,-1\n"),
            "log.csv:2:11: gpu0_energy: expected an energy of 0 J or more, found -1");
  EXPECT_EQ(ProblemOf(header + "1.0,a,-2.0,1\n"),
            "log.csv:2:7: elapsed_time: expected a duration of 0 s or more, found -2");
  EXPECT_EQ(ProblemOf(header + "now,a,2.0,1\n"), "log.csv:2:1: start_time: expected a number, found \"now\"");
  // The published package quotes nothing.
  EXPECT_EQ(ProblemOf(header + "1.0,a,b,2.0,1\n"), "log.csv:2: expected 4 fields, as in the header, found 5");
  EXPECT_EQ(ProblemOf(header + "1.0,a,2.0,1.0\n1.0,a,2.0,1"), "log.csv:3: the line was not written to its end");
  EXPECT_THAT(ProblemOf("window_name,elapsed_time\n"), ::testing::HasSubstr("no column \"start_time\""));
  EXPECT_THAT(ProblemOf(""), ::testing::HasSubstr("the file is empty"));
  EXPECT_EQ(ProblemOf("start_time,window_name,elapsed_time,gpu0_energy,gpu0_source\n1,a,1,2,guessed\n"),
            "log.csv:2:9: gpu0_source: expected measured, integrated, estimated or missing, found \"guessed\"");
  EXPECT_EQ(ProblemOf("start_time,window_name,elapsed_time,gpu0_energy,gpu0_source\n1,a,1,,measured\n"),
            "log.csv:2:8: gpu0_source: \"measured\" does not go with the energy of GPU 0");
}

TEST(WindowLogTest, GoodLinesBesideDamagedOnesAreRead) {
  Problems problems;
  const WindowLog log =
      ParseWindowLog("start_time,window_name,elapsed_time,gpu7_energy,other\r\n1,a,1,5,-\r\n2,b,x,5,-\r\n3,c,1,6,-\r\n",
                     "log", &problems);
  EXPECT_EQ(problems.size(), 1U);
  ASSERT_EQ(log.rows.size(), 2U);
  EXPECT_THAT(log.columns.gpus, ElementsAre(7));
  EXPECT_THAT(log.rows[1].gpu_energy, ElementsAre(Optional(Joules(6))));
}

TEST(WindowLogTest, ALastRecordThatWasCutOffIsLeftOutHoweverManyLinesItHas) {
  for (const std::string name : {"b", "\"b\nb\""}) {
    Problems problems;
    const WindowLog log = ParseWindowLog(
        "start_time,window_name,elapsed_time,gpu0_energy\n1,a,1,50\n2," + name + ",1,5", "log", &problems);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(ToText(problems[0]), "log:3: the line was not written to its end");
    EXPECT_EQ(log.rows.size(), 1U);
  }
}

}  // namespace
}  // namespace zeus
