#include "python/bindings/all_reduce.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace zeus::python {

Result<void> PythonRanks::AllReduce(std::span<double> values, Reduction reduction) {
  if (!all_reduce_) return {};
  std::vector<double> reduced;
  try {
    reduced = all_reduce_({values.begin(), values.end()}, reduction == Reduction::kSum ? "sum" : "max");
  } catch (const std::exception& exception) {
    raised_ = std::current_exception();
    return Fail(ErrorCode::kUnavailable, fmt::format("all_reduce: {}", exception.what()));
  }
  if (reduced.size() != values.size()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("all_reduce: expected {} values, found {}", values.size(), reduced.size()));
  }
  std::ranges::copy(reduced, values.begin());
  return {};
}

void PythonRanks::Rethrow() {
  if (raised_) std::rethrow_exception(std::exchange(raised_, nullptr));
}

}  // namespace zeus::python
