#include "capriccio/slice_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zeus::capriccio {

uint64_t SliceOptions::TrainRows() const {
  return static_cast<uint64_t>(std::round(static_cast<double>(window) * train_share));
}

Result<void> CheckSliceOptions(const SliceOptions& options) {
  const auto fail = [](std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); };
  constexpr uint64_t kMostRows = uint64_t{1} << 40;
  if (options.window < 2 || options.window > kMostRows) {
    return fail(fmt::format("window: expected 2 to {} rows, found {}", kMostRows, options.window));
  }
  if (options.stride < 1) return fail(fmt::format("stride: expected at least 1 day, found {}", options.stride));
  if (!(options.train_share > 0 && options.train_share < 1)) {
    return fail(fmt::format("train_share: expected a number between 0 and 1, found {:g}", options.train_share));
  }
  const uint64_t train = options.TrainRows();
  if (train == 0 || train == options.window) {
    return fail(fmt::format("train_share: {:g} of a window of {} rows leaves none to {}", options.train_share,
                            options.window, train == 0 ? "train" : "validate"));
  }
  return {};
}

std::vector<Window> PlanWindows(std::span<const DayStart> days, uint64_t rows, const SliceOptions& options) {
  std::vector<Window> windows;
  for (const DayStart& day : days) {
    if (day.day < options.start || (day.day - options.start) % options.stride != 0) continue;
    if (rows - day.row < options.window) break;
    const uint64_t end_before = windows.empty() ? 0 : windows.back().first_row + options.window;
    const uint64_t overlap = end_before > day.row ? end_before - day.row : 0;
    windows.push_back({.first_row = day.row, .rows = options.window, .overlap = overlap});
  }
  return windows;
}

}  // namespace zeus::capriccio
