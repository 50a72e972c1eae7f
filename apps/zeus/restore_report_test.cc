#include "apps/zeus/restore_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"
#include "zeus/base/json_fields.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;

JournalRecord Record() {
  return {.uuid = "GPU-1",
          .gpu_name = "Fake GPU",
          .borrower = {.pid = 12, .command = "python3", .since = "2025-01-31T12:00:00Z"},
          .power_limit = {{Watts(250), Watts(150)}}};
}

std::vector<Leftover> Leftovers() {
  return {{.file = "/j/GPU-1.json",
           .uuid = "GPU-1",
           .state = LeftoverState::kRestored,
           .record = Record(),
           .message = "restored it"},
          {.file = "/j/\x1b[2J.json", .uuid = "\x1b[2J", .state = LeftoverState::kFailed, .message = "no UUID"}};
}

TEST(RestoreReportTest, ATableSaysWhatWasFound) {
  EXPECT_EQ(RestoreText("/j", Leftovers(), {}),
            "GPU       UUID   state     changed by process  since\n"
            "--------  -----  --------  ------------------  --------------------\n"
            "Fake GPU  GPU-1  restored  12 (python3)        2025-01-31T12:00:00Z\n"
            "-         -      failed    -                   -\n"
            "\n"
            "restored it\n"
            "no UUID\n");
}

TEST(RestoreReportTest, NothingIsSaidInALine) {
  EXPECT_EQ(RestoreText("/j", {}, {}), "nothing is left behind in /j\n");
}

TEST(RestoreReportTest, JsonHasTheJournal) {
  const std::string text = RestoreJson("/j", LeftoverMode::kDryRun, Leftovers());
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  ZEUS_ASSERT_OK_AND_ASSIGN(const Json json, ParseJson(text, "json"));
  EXPECT_EQ(json["folder"], "/j");
  EXPECT_EQ(json["dry_run"], true);
  const Json& first = json["leftovers"][0];
  EXPECT_EQ(first["state"], "restored");
  EXPECT_EQ(first["journal"]["pid"], 12);
  EXPECT_EQ(first["journal"]["settings"]["power_limit"]["before_W"], 250);
  EXPECT_TRUE(json["leftovers"][1]["journal"].is_null());
}

TEST(RestoreReportTest, OnlyProblemsFail) {
  EXPECT_THAT(CheckRestored({}), IsOk());
  std::vector<Leftover> leftovers = Leftovers();
  EXPECT_THAT(CheckRestored(leftovers), IsError(ErrorCode::kUnavailable, "1 of 2 journals could not be restored"));
  leftovers[1].state = LeftoverState::kHeld;
  EXPECT_THAT(CheckRestored(leftovers), IsOk());
}

}  // namespace
}  // namespace zeus
