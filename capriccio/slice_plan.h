#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "capriccio/sorted_rows.h"
#include "zeus/base/result.h"

namespace zeus::capriccio {

/// How rows by date are cut into slices; the defaults are the published ones.
struct SliceOptions {
  uint64_t window = 500'000;  ///< Rows of a slice.
  int64_t stride = 1;         ///< Days by which the window moves.
  Day start = 14365;          ///< 2009-05-01: the first day that a window may start on.
  double train_share = 0.85;
  uint64_t seed = 42;

  /// Rows of a slice that train; the others validate.
  [[nodiscard]] uint64_t TrainRows() const;
};

/// A stretch of the rows by date.
struct Window {
  uint64_t first_row;
  uint64_t rows;
  uint64_t overlap;  ///< How many of them are in the window before, too.
};

/// kInvalidArgument, named as above: a stride below 1, a share that leaves one of the two without rows.
Result<void> CheckSliceOptions(const SliceOptions& options);

/// A window starts at the first row of each day that is a multiple of the stride after the start; days without rows are
/// passed over. The last is the one after which fewer rows than a window are left.
std::vector<Window> PlanWindows(std::span<const DayStart> days, uint64_t rows, const SliceOptions& options);

}  // namespace zeus::capriccio
