#pragma once

#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "zeus/training/process_group.h"

namespace zeus::python {

/// Values of this rank and "sum" or "max", to those of all ranks.
using AllReduceFunction = std::function<std::vector<double>(const std::vector<double>&, const std::string&)>;

/// The ranks as a Python function lets them talk, which is called with the GIL taken. What it raises is kept, so that
/// the script sees that exception and no other. Without a function: the only rank.
class PythonRanks final : public ProcessGroup {
 public:
  PythonRanks(int rank, int size, AllReduceFunction all_reduce)
      : rank_(rank), size_(size), all_reduce_(std::move(all_reduce)) {}

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  Result<void> AllReduce(std::span<double> values, Reduction reduction) override;

  /// Throws what was raised since the last time, if anything was.
  void Rethrow();

 private:
  const int rank_;
  const int size_;
  const AllReduceFunction all_reduce_;
  std::exception_ptr raised_;
};

}  // namespace zeus::python
