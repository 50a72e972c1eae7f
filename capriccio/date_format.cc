#include "capriccio/date_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

#include "zeus/base/number_text.h"

namespace zeus::capriccio {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsLetter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool IsSame(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return Lower(x) == Lower(y); });
}

// Walks over one text, conversion by conversion.
class Walk {
 public:
  explicit Walk(std::string_view rest) : rest_(rest) {}

  bool Take(char conversion) {
    switch (conversion) {
      case 'a':
        return Name(kWeekdays).has_value();
      case 'b':
        return Set(&month_, Name(kMonths));
      case 'Y':
        return Set(&year_, Digits(4, 4));
      case 'm':
        return Set(&month_, Digits(1, 2));
      case 'd':
        return Set(&day_, Digits(1, 2));
      case 'H':
        return Set(&hour_, Digits(1, 2)) && hour_ < 24;
      case 'M':
        return Set(&minute_, Digits(1, 2)) && minute_ < 60;
      case 'S':
        return Set(&second_, Digits(1, 2)) && second_ <= 60;
      case 'f':
        return Fraction();
      case 's':
        return Epoch();
      case 'z':
        return Offset();
      case 'Z':
        return ZoneName();
      default:
        return Literal(conversion);
    }
  }

  bool Literal(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool Blanks() {
    if (!Literal(' ')) return false;
    while (Literal(' ')) {
    }
    return true;
  }

  [[nodiscard]] std::optional<Time> End() const {
    if (!rest_.empty()) return std::nullopt;
    if (has_epoch_) return epoch_ * kTimesPerSecond + fraction_;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year_)),
                                           std::chrono::month(static_cast<unsigned>(month_)),
                                           std::chrono::day(static_cast<unsigned>(day_))};
    if (!date.ok()) return std::nullopt;
    const int64_t day = std::chrono::sys_days{date}.time_since_epoch().count();
    const int64_t seconds = day * kSecondsPerDay + hour_ * 3600 + minute_ * 60 + second_ - offset_;
    return seconds * kTimesPerSecond + fraction_;
  }

 private:
  static bool Set(int64_t* field, std::optional<int64_t> value) {
    if (value) *field = *value;
    return value.has_value();
  }

  std::optional<int64_t> Digits(size_t fewest, size_t most) {
    size_t count = 0;
    int64_t value = 0;
    while (count < most && count < rest_.size() && IsDigit(rest_[count])) value = value * 10 + (rest_[count++] - '0');
    if (count < fewest) return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }

  // The name's number from 1; whole or its first three letters.
  std::optional<int64_t> Name(std::span<const std::string_view> names) {
    const auto count = static_cast<size_t>(std::ranges::find_if_not(rest_, IsLetter) - rest_.begin());
    const std::string_view word = rest_.substr(0, count);
    for (size_t i = 0; i < names.size(); ++i) {
      if (!IsSame(word, names[i]) && !IsSame(word, names[i].substr(0, 3))) continue;
      rest_.remove_prefix(count);
      return static_cast<int64_t>(i) + 1;
    }
    return std::nullopt;
  }

  bool Fraction() {
    int64_t unit = kTimesPerSecond;
    size_t count = 0;
    fraction_ = 0;
    for (; count < rest_.size() && IsDigit(rest_[count]); ++count) {
      unit /= 10;
      fraction_ += unit * (rest_[count] - '0');
    }
    rest_.remove_prefix(count);
    return count > 0;
  }

  bool Epoch() {
    const bool negative = Literal('-');
    constexpr size_t kMostDigits = 12;  // Beyond the year 9999, and far from an overflow.
    const std::optional<int64_t> value = Digits(1, kMostDigits);
    has_epoch_ = value.has_value();
    if (value) epoch_ = negative ? -*value : *value;
    return has_epoch_;
  }

  bool Offset() {
    if (Literal('Z')) return true;
    const bool negative = !rest_.empty() && rest_.front() == '-';
    if (!Literal('-') && !Literal('+')) return false;
    const std::optional<int64_t> hours = Digits(2, 2);
    Literal(':');
    const std::optional<int64_t> minutes = Digits(2, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return false;
    offset_ = (negative ? -1 : 1) * (*hours * 3600 + *minutes * 60);
    return true;
  }

  bool ZoneName() {
    const auto count = static_cast<size_t>(std::ranges::find_if_not(rest_, IsLetter) - rest_.begin());
    rest_.remove_prefix(count);
    return count > 0;
  }

  std::string_view rest_;
  int64_t year_ = 0;
  int64_t month_ = 0;
  int64_t day_ = 0;
  int64_t hour_ = 0;
  int64_t minute_ = 0;
  int64_t second_ = 0;
  int64_t fraction_ = 0;
  int64_t offset_ = 0;
  bool has_epoch_ = false;
  int64_t epoch_ = 0;
};

// What a conversion stands for, in those that Walk knows; empty for an unknown one.
std::string_view Expand(char conversion) {
  switch (conversion) {
    case 'A':
      return "%a";
    case 'B':
      return "%b";
    case 'e':
      return "%d";
    case 'T':
      return "%H:%M:%S";
    case 'F':
      return "%Y-%m-%d";
    case 'a':
      return "%a";
    case 'b':
      return "%b";
    case 'Y':
      return "%Y";
    case 'm':
      return "%m";
    case 'd':
      return "%d";
    case 'H':
      return "%H";
    case 'M':
      return "%M";
    case 'S':
      return "%S";
    case 'f':
      return "%f";
    case 's':
      return "%s";
    case 'z':
      return "%z";
    case 'Z':
      return "%Z";
    case '%':
      return "%%";
    default:
      return {};
  }
}

}  // namespace

Result<DateFormat> DateFormat::Create(std::string_view format) {
  DateFormat result(format);
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      result.steps_ += format[i];
      continue;
    }
    const std::string_view expanded = i + 1 < format.size() ? Expand(format[i + 1]) : std::string_view();
    if (expanded.empty()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("date format \"{}\": there is no conversion {}; there are: %a %A %b %B %d %e %f %F %H %m "
                              "%M %s %S %T %Y %z %Z %%",
                              format, format.substr(i, 2)));
    }
    result.steps_ += expanded;
    ++i;
  }
  const auto has = [&](std::string_view conversion) { return result.steps_.find(conversion) != std::string::npos; };
  if (!has("%s") && !(has("%Y") && has("%d") && (has("%m") || has("%b")))) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("date format \"{}\": expected a year, a month and a day (%Y %m %d or %F), or %s", format));
  }
  return result;
}

std::optional<Time> DateFormat::Parse(std::string_view text) const {
  Walk walk(text);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const bool taken = steps_[i] == '%'   ? walk.Take(steps_[++i])
                       : steps_[i] == ' ' ? walk.Blanks()
                                          : walk.Literal(steps_[i]);
    if (!taken) return std::nullopt;
  }
  return walk.End();
}

}  // namespace zeus::capriccio
