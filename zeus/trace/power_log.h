#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/base/wall_time.h"

namespace zeus {

/// The power log of the original C++ monitor: CSV with the columns Time (`2022-09-15 03:10:02.421413000`, UTC) and
/// Power (mW), a line a sample, in the order of their times. See docs/formats.md.
struct PowerLogSample {
  WallTime time;
  Watts power;
};

/// "Time,Power" and a line break.
std::string_view PowerLogHeader();

/// Adds a sample's line. Nine digits after the second; milliwatts are rounded.
void AppendPowerLogLine(const PowerLogSample& sample, std::string* csv);

/// "2022-09-15 03:10:02.421413000".
std::string WallTimeText(WallTime time);

/// Reads a power log sample by sample in bounded memory, however long it is.
///
/// A last line without a line break is taken for half written and left out; see has_incomplete_line(). Everything else
/// that is no sample is kInvalidData with file and line, and so is a time before that of the line above.
class PowerLogReader {
 public:
  /// Puts up to `size` bytes at `buffer` and says how many; 0 at the end.
  using ReadBytes = std::function<Result<size_t>(char* buffer, size_t size)>;

  /// `source` names the log in errors. Reads the header.
  static Result<PowerLogReader> Open(std::string source, ReadBytes read);
  /// A file or a pipe.
  static Result<PowerLogReader> Open(const std::filesystem::path& path);

  /// The next sample, or nothing at the end.
  Result<std::optional<PowerLogSample>> Next();

  /// The line of the sample that Next() gave last, from 1.
  [[nodiscard]] size_t line() const { return line_; }
  /// After the end: whether a half written last line was left out.
  [[nodiscard]] bool has_incomplete_line() const { return incomplete_; }

 private:
  PowerLogReader(std::string source, ReadBytes read);

  Result<std::optional<std::string_view>> NextLine();
  Result<void> ReadHeader();
  Result<PowerLogSample> Parse(std::string_view line);
  [[nodiscard]] std::unexpected<Error> FailAtLine(std::string_view message) const;

  std::string source_;
  ReadBytes read_;
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;  // What is read and not yet consumed.
  size_t end_ = 0;
  bool at_end_ = false;
  bool incomplete_ = false;
  size_t line_ = 0;

  size_t fields_ = 0;
  size_t time_field_ = 0;
  size_t power_field_ = 0;
  std::optional<WallTime> last_time_;
  std::string date_;  // Of the line above, and the midnight it begins at: dates rarely change.
  WallTime midnight_;
};

/// The last sample of a log that can be read from its end; nothing where there is none. kInvalidArgument for a pipe.
Result<std::optional<PowerLogSample>> ReadLastPowerLogSample(const std::filesystem::path& path);

}  // namespace zeus
