#include "capriccio/calendar.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <iterator>

#include "zeus/base/number_text.h"

namespace zeus::capriccio {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::array kWeekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Date {
  int year;
  unsigned month;
  unsigned day;
};

Date ToDate(Day day) {
  const year_month_day date{sys_days{days{day}}};
  return {static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day())};
}

bool AreDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string DayText(Day day) {
  const Date date = ToDate(day);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string TimeText(Time time) {
  const Day day = DayOf(time);
  const int64_t second = (time - day * kSecondsPerDay * kTimesPerSecond) / kTimesPerSecond;
  return fmt::format("{}T{:02}:{:02}:{:02}", DayText(day), second / 3600, second / 60 % 60, second % 60);
}

Result<Day> ParseDay(std::string_view text) {
  const auto fail = [&] {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("expected a day such as 2009-05-01, found \"{}\"", text));
  };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return fail();
  const std::string_view year = text.substr(0, 4);
  const std::string_view month = text.substr(5, 2);
  const std::string_view day = text.substr(8, 2);
  if (!AreDigits(year) || !AreDigits(month) || !AreDigits(day)) return fail();
  const year_month_day date{std::chrono::year(static_cast<int>(*ParseInteger(year))),
                            std::chrono::month(static_cast<unsigned>(*ParseInteger(month))),
                            std::chrono::day(static_cast<unsigned>(*ParseInteger(day)))};
  if (!date.ok()) return fail();
  return sys_days{date}.time_since_epoch().count();
}

void AppendTweetDate(Day day, int64_t second, std::string* text) {
  const Date date = ToDate(day);
  const std::chrono::weekday weekday{sys_days{days{day}}};
  fmt::format_to(std::back_inserter(*text), "{} {} {:02} {:02}:{:02}:{:02} PDT {:04}", kWeekdays[weekday.c_encoding()],
                 kMonths[date.month - 1], date.day, second / 3600, second / 60 % 60, second % 60, date.year);
}

}  // namespace zeus::capriccio
