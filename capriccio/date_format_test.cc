#include "capriccio/date_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/result_matchers.h"

namespace zeus::capriccio {
namespace {

using testing::IsError;
using testing::IsOk;

// What the text says, to the second; "no date" for a text that is none.
std::string Read(const std::string& format, const std::string& text) {
  const Result<DateFormat> dates = DateFormat::Create(format);
  if (!dates) return dates.error().message;
  const std::optional<Time> time = dates->Parse(text);
  return time ? TimeText(*time) : "no date";
}

TEST(DateFormatTest, ReadsThePublishedDates) {
  const std::string format = "%a %b %d %H:%M:%S %Z %Y";
  EXPECT_EQ(Read(format, "Mon Apr 06 22:19:45 PDT 2009"), "2009-04-06T22:19:45");
  EXPECT_EQ(Read(format, "Mon Apr  6 22:19:45 PDT 2009"), "2009-04-06T22:19:45");
  EXPECT_EQ(Read(format, "monday april 6 22:19:45 PDT 2009"), "2009-04-06T22:19:45");
  for (const char* text :
       {"", "Mon", "Mon Apr 31 22:19:45 PDT 2009", "Mon Apr 06 24:00:00 PDT 2009", "Mon Apr 06 22:60:45 PDT 2009",
        "Mon Apr 06 22:19:45 PDT 209", "Mon Apr 06 22:19:45 PDT 2009 ", "Mon Avr 06 22:19:45 PDT 2009",
        "Mon Apr 06 22:19:45  2009"}) {
    EXPECT_EQ(Read(format, text), "no date") << text;
  }
}

TEST(DateFormatTest, ReadsOtherDates) {
  EXPECT_EQ(Read("%FT%T%z", "2020-02-29T23:30:00-01:30"), "2020-03-01T01:00:00");
  EXPECT_EQ(Read("%FT%T%z", "2020-02-29T23:30:00Z"), "2020-02-29T23:30:00");
  EXPECT_EQ(Read("%FT%T%z", "2020-02-29T23:30:00+0030"), "2020-02-29T23:00:00");
  EXPECT_EQ(Read("%F %T.%f", "1969-12-31 23:59:59.5"), "1969-12-31T23:59:59");
  EXPECT_EQ(Read("%d/%m/%Y", "1/2/2021"), "2021-02-01T00:00:00");
  EXPECT_EQ(Read("%s", "1239081585"), "2009-04-07T05:19:45");
  EXPECT_EQ(Read("%s", "-1"), "1969-12-31T23:59:59");
  EXPECT_EQ(Read("100%% %F", "100% 2021-01-01"), "2021-01-01T00:00:00");
  EXPECT_EQ(Read("%F", "2021-02-29"), "no date");
}

TEST(DateFormatTest, RefusesFormatsThatSayNoDay) {
  EXPECT_THAT(DateFormat::Create("%H:%M"), IsError(ErrorCode::kInvalidArgument, "expected a year, a month and a day"));
  EXPECT_THAT(DateFormat::Create("%F %q"), IsError(ErrorCode::kInvalidArgument, "there is no conversion %q"));
  EXPECT_THAT(DateFormat::Create("%F %"), IsError(ErrorCode::kInvalidArgument, "there is no conversion %;"));
}

TEST(CalendarTest, DaysBeforeTheEpochAreWholeDays) {
  EXPECT_EQ(DayOf(0), 0);
  EXPECT_EQ(DayOf(-1), -1);
  EXPECT_EQ(DayOf(kSecondsPerDay * kTimesPerSecond - 1), 0);
  EXPECT_EQ(DayOf(-kSecondsPerDay * kTimesPerSecond), -1);
  EXPECT_EQ(DayText(-1), "1969-12-31");
}

TEST(CalendarTest, ReadsDays) {
  EXPECT_THAT(ParseDay("2009-05-01"), IsOk());
  EXPECT_EQ(DayText(*ParseDay("2009-05-01")), "2009-05-01");
  for (const char* text : {"", "2009-5-1", "2009-02-29", "2009-05-01 ", "+009-05-01"}) {
    EXPECT_THAT(ParseDay(text), IsError(ErrorCode::kInvalidArgument, "expected a day such as 2009-05-01")) << text;
  }
}

}  // namespace
}  // namespace zeus::capriccio
