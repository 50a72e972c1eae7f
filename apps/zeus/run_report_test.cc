#include "apps/zeus/run_report.h"

#include <gmock/gmock.h>

#include "tests/support/print_quantities.h"
#include "zeus/base/json_fields.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;

RecurrenceSummary Recurrence(int64_t number, int64_t batch_size, double energy, bool reached = true) {
  return {.recurrence = number,
          .tries = 1,
          .batch_size = batch_size,
          .power_limit = Watts(150),
          .energy = Joules(energy),
          .time = Seconds(energy / 100),
          .cost = Joules(energy),
          .reached = reached};
}

// The default, two others, and then the better one but for a miss.
RunReport Example() {
  RunReport report;
  report.identity.job = {.workload = {"birds", "tiny", "sgd"},
                         .target_metric = 0.5,
                         .max_epochs = 20,
                         .default_batch_size = 32,
                         .default_learning_rate = {},
                         .workdir = {}};
  report.log_dir = "/logs/run";
  report.recurrences = {Recurrence(0, 32, 1000), Recurrence(1, 16, 900), Recurrence(2, 64, 1500)};
  for (int64_t i = 3; i < 14; ++i) report.recurrences.push_back(Recurrence(i, i == 8 ? 32 : 16, i == 8 ? 950 : 800));
  return report;
}

TEST(RunReport, WhatWasFound) {
  const RunReport report = Example();
  const std::optional<RunFigures> found = FoundFigures(report);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->batch_size, 16);
  EXPECT_EQ(found->power_limit, Watts(150));
  EXPECT_DOUBLE_EQ(found->energy.value(), 800);
  EXPECT_EQ(SettledAfter(report), 1);
  EXPECT_EQ(DefaultFigures(report)->energy, Joules(1000));
  const std::string text = RunText(report, Console());
  EXPECT_THAT(text, HasSubstr("Found: batch size 16 at 150 W, after 1 of 14 recurrences\n"));
  EXPECT_THAT(text, HasSubstr("-20.0%"));
  EXPECT_THAT(text, AllOf(HasSubstr("\nLogs and history: /logs/run\n"), Not(HasSubstr("Picture"))));
}

TEST(RunReport, ThePictureIsNamed) {
  RunReport report = Example();
  report.picture = "cost.svg";
  EXPECT_THAT(RunText(report, Console()),
              HasSubstr("\nPicture of the cost of each recurrence: cost.svg\nLogs and history: /logs/run\n"));
}

TEST(RunReport, ARecurrenceThatDidNotEndIsNotCounted) {
  RunReport report = Example();
  report.recurrences.resize(1);
  report.recurrences.push_back(Recurrence(1, 64, 5, false));
  EXPECT_EQ(FoundFigures(report)->batch_size, 32);
  report.recurrences.erase(report.recurrences.begin());
  EXPECT_FALSE(FoundFigures(report));
  EXPECT_FALSE(DefaultFigures(report));
  EXPECT_FALSE(SettledAfter(report));
  EXPECT_THAT(RunText(report, Console()), HasSubstr("no\n"));
}

TEST(RunReport, PairsThatChangeAreNotSettled) {
  RunReport report = Example();
  report.recurrences.clear();
  for (int64_t i = 0; i < 12; ++i) report.recurrences.push_back(Recurrence(i, i % 2 == 0 ? 16 : 32, 800));
  EXPECT_FALSE(SettledAfter(report));
  EXPECT_EQ(FoundFigures(report)->batch_size, 32);  // The later one on a tie.
  EXPECT_THAT(RunText(report, Console()), HasSubstr("; not settled within 12 recurrences\n"));
}

TEST(RunReport, Json) {
  RunReport report = Example();
  report.failure = "interrupted";
  const Json json = Json::parse(RunJson(report));
  EXPECT_EQ(json["found"]["batch_size"], 16);
  EXPECT_EQ(json["found"]["settled_after"], 1);
  EXPECT_EQ(json["default"]["energy_J"], 1000);
  EXPECT_EQ(json["recurrences"].size(), 14);
  EXPECT_EQ(json["failure"], "interrupted");
  report.recurrences.clear();
  const Json empty = Json::parse(RunJson(report));
  EXPECT_TRUE(empty["found"].is_null());
  EXPECT_TRUE(empty["default"].is_null());
}

}  // namespace
}  // namespace zeus
