#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capriccio/calendar.h"
#include "zeus/base/result.h"

namespace zeus::capriccio {

/// Reads dates by a strptime(3) format, always with English names. Known are %a and %A (a weekday, not compared with
/// the date), %b and %B, %d and %e, %m, %Y (four digits), %H, %M, %S, %f (a fraction's digits), %T (%H:%M:%S), %F
/// (%Y-%m-%d), %z (Z or an offset such as +02:00: the time becomes UTC), %Z (a zone's name, passed over: the time stays
/// as written), %s (seconds since 1970) and %%. A blank stands for one blank or more; all else stands for itself.
class DateFormat {
 public:
  /// kInvalidArgument for an unknown conversion, or a format that leaves the day open.
  static Result<DateFormat> Create(std::string_view format);

  /// Nothing for a text that is no such date, or for a date that there is not, such as February 30.
  [[nodiscard]] std::optional<Time> Parse(std::string_view text) const;

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  explicit DateFormat(std::string_view text) : text_(text) {}

  std::string text_;
  std::string steps_;  // The format without abbreviations; conversions are marked by a preceding '%'.
};

}  // namespace zeus::capriccio
