#include "zeus/trace/power_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

#include "zeus/base/number_text.h"
#include "zeus/base/unique_fd.h"

namespace zeus {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 18;
// Far beyond any sample's line; a longer one is no power log, and is not searched for its end.
constexpr size_t kLongestLine = 4096;
constexpr size_t kDateLength = std::string_view("2022-09-15").size();
constexpr double kMilliwattsPerWatt = 1000;
// A million kilowatts: more is a damaged line.
constexpr double kMostMilliwatts = 1e12;

std::string Quote(std::string_view text) {
  constexpr size_t kLongest = 40;
  std::string quoted = "\"";
  for (const char c : text.substr(0, kLongest)) quoted += c >= ' ' && c <= '~' ? c : '?';
  quoted += text.size() > kLongest ? "...\"" : "\"";
  return quoted;
}

// The number that `text` is all of, in decimal digits.
std::optional<unsigned> Digits(std::string_view text) {
  unsigned number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number;
}

std::optional<WallTime> ParseDate(std::string_view text) {
  if (text.size() != kDateLength || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = Digits(text.substr(0, 4));
  const auto month = Digits(text.substr(5, 2));
  const auto day = Digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  // Nanoseconds of 64 bits reach from 1677 to 2262.
  if (!date.ok() || *year < 1678 || *year > 2261) return std::nullopt;
  return WallTime(std::chrono::sys_days(date));
}

// "03:10:02", "03:10:02.421413000": up to nine digits after the second.
std::optional<std::chrono::nanoseconds> ParseTimeOfDay(std::string_view text) {
  constexpr size_t kToSeconds = std::string_view("03:10:02").size();
  constexpr size_t kMostDigits = 9;
  if (text.size() < kToSeconds || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hour = Digits(text.substr(0, 2));
  const auto minute = Digits(text.substr(3, 2));
  const auto second = Digits(text.substr(6, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  unsigned nanoseconds = 0;
  if (text.size() > kToSeconds) {
    const std::string_view fraction = text.substr(kToSeconds + 1);
    if (text[kToSeconds] != '.' || fraction.empty() || fraction.size() > kMostDigits) return std::nullopt;
    const auto digits = Digits(fraction);
    if (!digits) return std::nullopt;
    nanoseconds = *digits;
    for (size_t i = fraction.size(); i < kMostDigits; ++i) nanoseconds *= 10;
  }
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
         std::chrono::nanoseconds(nanoseconds);
}

std::optional<double> ParseMilliwatts(std::string_view text) {
  uint64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  std::optional<double> number;
  if (error == std::errc() && end == text.data() + text.size()) {
    number = static_cast<double>(whole);
  } else {
    number = ParseDouble(text);
  }
  if (!number || !(*number >= 0 && *number <= kMostMilliwatts)) return std::nullopt;
  return number;
}

std::vector<std::string_view> Split(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const size_t comma = line.find(',');
    fields.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

std::unexpected<Error> FailWithErrno(std::string_view action, const std::string& path) {
  const int error = errno;
  ErrorCode code = ErrorCode::kUnavailable;
  if (error == ENOENT || error == ENOTDIR) code = ErrorCode::kNotFound;
  if (error == EACCES || error == EPERM) code = ErrorCode::kPermissionDenied;
  if (error == EISDIR) code = ErrorCode::kInvalidArgument;
  return Fail(code, fmt::format("{}: cannot {}: {}", path, action, std::strerror(error)));
}

Result<UniqueFd> OpenForReading(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return FailWithErrno("open", path);
  return file;
}

PowerLogReader::ReadBytes BytesOf(UniqueFd file, const std::string& path) {
  return [file = std::make_shared<UniqueFd>(std::move(file)), path](char* buffer, size_t size) -> Result<size_t> {
    ssize_t got = 0;
    do got = ::read(file->get(), buffer, size);
    while (got < 0 && errno == EINTR);
    if (got < 0) return FailWithErrno("read", path);
    return static_cast<size_t>(got);
  };
}

}  // namespace

std::string_view PowerLogHeader() {
  return "Time,Power\n";
}

std::string WallTimeText(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:09}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

void AppendPowerLogLine(const PowerLogSample& sample, std::string* csv) {
  fmt::format_to(std::back_inserter(*csv), "{},{}\n", WallTimeText(sample.time),
                 std::llround(sample.power.value() * kMilliwattsPerWatt));
}

PowerLogReader::PowerLogReader(std::string source, ReadBytes read)
    : source_(std::move(source)),
      read_(std::move(read)),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {}

Result<PowerLogReader> PowerLogReader::Open(std::string source, ReadBytes read) {
  PowerLogReader reader(std::move(source), std::move(read));
  ZEUS_RETURN_IF_ERROR(reader.ReadHeader());
  return reader;
}

Result<PowerLogReader> PowerLogReader::Open(const std::filesystem::path& path) {
  ZEUS_ASSIGN_OR_RETURN(UniqueFd file, OpenForReading(path.string()));
  return Open(path.string(), BytesOf(std::move(file), path.string()));
}

// The next complete line without its end. The view is good until the next call.
Result<std::optional<std::string_view>> PowerLogReader::NextLine() {
  size_t searched = 0;
  while (true) {
    const char* const from = buffer_.get() + begin_;
    const void* const found = std::memchr(from + searched, '\n', end_ - begin_ - searched);
    if (found != nullptr) {
      std::string_view line(from, static_cast<size_t>(static_cast<const char*>(found) - from));
      begin_ += line.size() + 1;
      ++line_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      return line;
    }
    searched = end_ - begin_;
    if (searched > kLongestLine) {
      ++line_;
      return FailAtLine(fmt::format("the line is longer than {} bytes: this is no power log", kLongestLine));
    }
    if (at_end_) {
      incomplete_ = searched > 0;
      return std::nullopt;
    }
    std::memmove(buffer_.get(), from, searched);
    begin_ = 0;
    end_ = searched;
    ZEUS_ASSIGN_OR_RETURN(const size_t got, read_(buffer_.get() + end_, kBufferBytes - end_));
    end_ += got;
    at_end_ = got == 0;
  }
}

Result<void> PowerLogReader::ReadHeader() {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  ZEUS_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, NextLine());
  if (!line) {
    return Fail(
        ErrorCode::kInvalidData,
        fmt::format("{}: the file has no complete line: expected a header line with the columns Time,Power", source_));
  }
  const std::vector<std::string_view> names =
      Split(line->starts_with(kByteOrderMark) ? line->substr(kByteOrderMark.size()) : *line);
  fields_ = names.size();
  for (const auto& [name, position] : {std::pair("Time", &time_field_), std::pair("Power", &power_field_)}) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      return FailAtLine(fmt::format("no column \"{}\": expected a header line with the columns Time,Power, found {}",
                                    name, Quote(*line)));
    }
    if (std::find(found + 1, names.end(), name) != names.end()) {
      return FailAtLine(fmt::format("column \"{}\" stands twice", name));
    }
    *position = static_cast<size_t>(found - names.begin());
  }
  return {};
}

Result<std::optional<PowerLogSample>> PowerLogReader::Next() {
  while (true) {
    ZEUS_ASSIGN_OR_RETURN(const std::optional<std::string_view> line, NextLine());
    if (!line) return std::nullopt;
    if (line->empty()) continue;
    return Parse(*line);
  }
}

Result<PowerLogSample> PowerLogReader::Parse(std::string_view line) {
  std::string_view time_text;
  std::string_view power_text;
  size_t fields = 0;
  for (std::string_view rest = line;; ++fields) {
    const size_t comma = rest.find(',');
    if (fields == time_field_) time_text = rest.substr(0, comma);
    if (fields == power_field_) power_text = rest.substr(0, comma);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  ++fields;
  if (fields != fields_) {
    return FailAtLine(fmt::format("expected {} fields, as in the header, found {}", fields_, fields));
  }
  const auto wrong_time = [&] {
    return FailAtLine(
        fmt::format("Time: expected a time such as 2022-09-15 03:10:02.421413000, found {}", Quote(time_text)));
  };
  if (time_text.size() <= kDateLength || (time_text[kDateLength] != ' ' && time_text[kDateLength] != 'T')) {
    return wrong_time();
  }
  if (const std::string_view date = time_text.substr(0, kDateLength); date != date_) {
    const std::optional<WallTime> midnight = ParseDate(date);
    if (!midnight) return wrong_time();
    midnight_ = *midnight;
    date_ = date;
  }
  const auto time_of_day = ParseTimeOfDay(time_text.substr(kDateLength + 1));
  if (!time_of_day) return wrong_time();
  const std::optional<double> milliwatts = ParseMilliwatts(power_text);
  if (!milliwatts) {
    return FailAtLine(fmt::format("Power: expected milliwatts, a number from 0 on, found {}", Quote(power_text)));
  }
  const PowerLogSample sample{.time = midnight_ + *time_of_day, .power = Watts(*milliwatts / kMilliwattsPerWatt)};
  if (last_time_ && sample.time < *last_time_) {
    return FailAtLine(
        fmt::format("Time: {} is before the {} of the sample above: the clock was set back, or lines are "
                    "out of order",
                    WallTimeText(sample.time), WallTimeText(*last_time_)));
  }
  last_time_ = sample.time;
  return sample;
}

std::unexpected<Error> PowerLogReader::FailAtLine(std::string_view message) const {
  return Fail(ErrorCode::kInvalidData, fmt::format("{}:{}: {}", source_, line_, message));
}

Result<std::optional<PowerLogSample>> ReadLastPowerLogSample(const std::filesystem::path& path) {
  // Room for the last complete line, a half written one after it, and the header before a log's only sample.
  constexpr off_t kTail = 3 * static_cast<off_t>(kLongestLine);
  ZEUS_ASSIGN_OR_RETURN(const UniqueFd file, OpenForReading(path.string()));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return FailWithErrno("inspect", path.string());
  if (!S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: a time from the end needs a regular file, which can be read twice", path.string()));
  }
  // The header says which columns to look for; the tail is read as if it followed it.
  std::string text(kLongestLine, '\0');
  const off_t tail_begin = std::max<off_t>(0, status.st_size - kTail);
  const ssize_t head = ::pread(file.get(), text.data(), text.size(), 0);
  if (head < 0) return FailWithErrno("read", path.string());
  text.resize(std::min(static_cast<size_t>(head), text.find('\n') + 1));
  const auto header_bytes = static_cast<off_t>(text.size());
  std::string tail(static_cast<size_t>(kTail), '\0');
  const off_t from = std::max(tail_begin, header_bytes);
  const ssize_t got = ::pread(file.get(), tail.data(), tail.size(), from);
  if (got < 0) return FailWithErrno("read", path.string());
  tail.resize(static_cast<size_t>(got));
  // Where the tail begins within a line, that line is passed over.
  text += from == header_bytes ? tail : tail.substr(std::min(tail.size(), tail.find('\n') + 1));
  size_t given = 0;
  ZEUS_ASSIGN_OR_RETURN(PowerLogReader reader,
                        PowerLogReader::Open(path.string(), [&](char* buffer, size_t size) -> Result<size_t> {
                          const size_t count = std::min(size, text.size() - given);
                          std::memcpy(buffer, text.data() + given, count);
                          given += count;
                          return count;
                        }));
  std::optional<PowerLogSample> last;
  while (true) {
    const Result<std::optional<PowerLogSample>> sample = reader.Next();
    // Lines are counted from the tail's begin here; whoever reads the log from its begin meets the same error and
    // tells the right one.
    if (!sample || !*sample) return last;
    last = **sample;
  }
}

}  // namespace zeus
