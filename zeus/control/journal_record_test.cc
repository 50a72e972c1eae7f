#include "zeus/control/journal_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

JournalRecord FullRecord() {
  return {.uuid = "GPU-1",
          .gpu_name = "Fake GPU",
          .borrower = {.pid = 12, .command = "python3", .since = "2025-01-31T12:00:00Z"},
          .power_limit = {{Watts(250), Watts(150.5)}},
          .persistence_mode = {{PersistenceMode::kOff, PersistenceMode::kOn}},
          .graphics_clocks = {{Megahertz(510), Megahertz(1005)}},
          .memory_clocks = {{Megahertz(900), Megahertz(900)}}};
}

std::string Replaced(std::string text, const std::string& old_text, const std::string& new_text) {
  const size_t at = text.find(old_text);
  EXPECT_NE(at, std::string::npos) << old_text << " in " << text;
  return at == std::string::npos ? text : text.replace(at, old_text.size(), new_text);
}

TEST(JournalRecordTest, ComesBackAsItWas) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const JournalRecord read, ParseJournalText(ToJournalText(FullRecord()), "file"));
  EXPECT_EQ(read, FullRecord());
}

TEST(JournalRecordTest, EachSettingMayBeAbsent) {
  JournalRecord record = FullRecord();
  record.power_limit.reset();
  record.memory_clocks.reset();
  ZEUS_ASSERT_OK_AND_ASSIGN(const JournalRecord read, ParseJournalText(ToJournalText(record), "file"));
  EXPECT_EQ(read, record);
  EXPECT_FALSE(read.changes_nothing());
  EXPECT_TRUE(JournalRecord().changes_nothing());
}

TEST(JournalRecordTest, DescribesItsChanges) {
  EXPECT_EQ(DescribeChanges(FullRecord()),
            "power limit (was 250 W), persistence mode on (was off), graphics clocks 510 to 1005 MHz "
            "(were not "
            "locked), memory clocks 900 to 900 MHz (were not locked)");
  EXPECT_EQ(DescribeChanges(JournalRecord()), "nothing");
  EXPECT_EQ(ToText(FullRecord().borrower), "process 12 (python3) since 2025-01-31T12:00:00Z");
}

TEST(JournalRecordTest, EveryTruncationIsRefused) {
  const std::string text = ToJournalText(FullRecord());
  for (size_t length = 0; length + 1 < text.size(); ++length) {
    EXPECT_THAT(ParseJournalText(text.substr(0, length), "file"), IsError(ErrorCode::kInvalidData, "file")) << length;
  }
}

struct Damage {
  std::string old_text;
  std::string new_text;
  std::string message;
};

class DamagedJournalTest : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedJournalTest, IsRefusedWithItsPlace) {
  const std::string text = Replaced(ToJournalText(FullRecord()), GetParam().old_text, GetParam().new_text);
  EXPECT_THAT(ParseJournalText(text, "file"), IsError(ErrorCode::kInvalidData, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, DamagedJournalTest,
    ::testing::Values(
        Damage{"zeus-settings-journal", "zeus-beliefs", "file.format: expected \"zeus-settings-journal\""},
        Damage{"\"version\": 1", "\"version\": 2", "file.version: expected version 1"},
        Damage{"\"GPU-1\"", "7", "file.uuid: expected a text, found 7"},
        Damage{"\"pid\": 12", "\"pid\": \"x\"", "file.pid: expected a whole number"},
        Damage{"python3", "\\u001b[2J", "file.command: expected at most 1024 printable characters"},
        Damage{"python3", "\\u009b2J", "file.command: expected at most 1024 printable characters"},
        Damage{"python3", std::string(2000, 'x'), "file.command: expected at most 1024 printable characters"},
        Damage{"\"settings\"", "\"other\"", "file: has no field \"settings\""},
        Damage{"\"settings\": {", "\"settings\": [], \"x\": {", "file.settings: expected an object"},
        Damage{"\"power_limit\"", "\"fan_speed\"", "file.settings.fan_speed: expected a setting's name"},
        Damage{"250.0", "-1", "file.settings.power_limit.before_W: expected a number from 0, found -1"},
        Damage{"250.0", "\"inf\"", "file.settings.power_limit.before_W: expected a number from 0"},
        Damage{"\"before\": \"off\"", "\"before\": \"maybe\"",
               "file.settings.persistence_mode.before: expected \"on\" or \"off\", found \"maybe\""},
        Damage{"not locked", "300 to 900 MHz", "file.settings.graphics_clocks.before: expected \"not locked\""},
        Damage{"510.0", "2000.0",
               "file.settings.graphics_clocks: expected a minimum_MHz that is not above maximum_MHz"}));

TEST(JournalRecordTest, NamesBecomePrintable) {
  JournalRecord record = FullRecord();
  record.borrower.command = "a\nb\x1b\xff";
  ZEUS_ASSERT_OK_AND_ASSIGN(const JournalRecord read, ParseJournalText(ToJournalText(record), "file"));
  EXPECT_EQ(read.borrower.command, "a?b?\xEF\xBF\xBD");
  for (const std::string& name : {std::string("\xC2\x9B"
                                              "2J"),
                                  std::string(5000, '\xff'), std::string("\0", 1), std::string("\xC2")}) {
    record.gpu_name = name;
    EXPECT_THAT(ParseJournalText(ToJournalText(record), "file"), IsOk()) << name;
  }
}

TEST(JournalRecordTest, ALockFileTellsItsHolder) {
  const Borrower me = FullRecord().borrower;
  ZEUS_ASSERT_OK_AND_ASSIGN(const Borrower read, ParseLockText(ToLockText(me), "lock"));
  EXPECT_EQ(read, me);
  EXPECT_THAT(ParseLockText("", "lock"), IsError(ErrorCode::kInvalidData, "lock"));
}

}  // namespace
}  // namespace zeus
