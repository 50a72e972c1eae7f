#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "capriccio/sorted_rows.h"
#include "zeus/base/result.h"

namespace zeus::capriccio {

/// An external merge sort of lines by time; lines of one time stay in the order in which they were added. What does not
/// fit into memory lies in files without a name in a folder: they are gone when they are closed, however that comes
/// about. They take twice the lines' bytes at most, and 12 bytes a line.
class RowSorter {
 public:
  static constexpr size_t kUsualMemory = size_t{48} << 20;

  /// Sorts in about so much memory. `stopped` is asked now and then; once it is true, calls fail with kUnavailable.
  RowSorter(std::filesystem::path folder, size_t memory_bytes, std::function<bool()> stopped);

  Result<void> Add(Time time, std::string_view line);

  /// All that was added. Nothing may be added afterwards.
  Result<SortedRows> Finish();

 private:
  struct Row {
    Time time;
    uint32_t offset;  // In lines_.
    uint32_t size;
  };
  /// Takes the rows in their order.
  using Sink = std::function<Result<void>(Time, std::string_view)>;

  Result<void> SortedMemoryTo(const Sink& sink);
  Result<void> SpillMemory();
  Result<void> Merge(std::vector<UniqueFd> runs, const Sink& sink) const;
  Result<UniqueFd> MergeToRun(std::vector<UniqueFd> runs) const;
  [[nodiscard]] Result<void> CheckGoingOn() const;

  std::filesystem::path folder_;
  size_t memory_bytes_;
  std::function<bool()> stopped_;

  std::string lines_;
  std::vector<Row> rows_;
  /// Sorted runs in files. One of level n+1 holds as many of level n as are merged at a time; higher levels are older.
  std::vector<std::vector<UniqueFd>> levels_;
};

}  // namespace zeus::capriccio
