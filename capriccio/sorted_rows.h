#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "capriccio/calendar.h"
#include "zeus/base/result.h"
#include "zeus/base/unique_fd.h"

namespace zeus::capriccio {

/// The first row of each day that has rows.
struct DayStart {
  Day day;
  uint64_t row;
};

/// Where a row lies in the file of all lines. The file of places has one more: the end, without a meaningful time.
struct RowPlace {
  Time time;
  uint64_t offset;
};

/// All rows by date, in two files without a name, which are gone when they are closed: the lines one after another, and
/// a RowPlace for each.
struct SortedRows {
  UniqueFd lines;
  UniqueFd places;
  uint64_t rows = 0;
  std::vector<DayStart> days;

  /// The places of rows [first, first + count), and of the row after them.
  [[nodiscard]] Result<std::vector<RowPlace>> Places(uint64_t first, uint64_t count) const;
};

/// A part of a file in memory, read-only.
class MappedPart {
 public:
  static Result<MappedPart> Map(int fd, uint64_t begin, uint64_t end);
  MappedPart(MappedPart&& other) noexcept;
  MappedPart& operator=(MappedPart&&) = delete;
  ~MappedPart();

  /// Valid while this lives.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  MappedPart(void* start, size_t size, std::string_view bytes) : start_(start), size_(size), bytes_(bytes) {}

  void* start_;  // Null when moved from.
  size_t size_;
  std::string_view bytes_;
};

}  // namespace zeus::capriccio
