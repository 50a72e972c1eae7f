#pragma once

#include <span>

#include "zeus/base/result.h"

namespace zeus {

enum class Reduction { kSum, kMax };

/// The ranks that train together, as whatever runs them (NCCL, Gloo, MPI) lets them talk.
class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;

  [[nodiscard]] virtual int rank() const = 0;  ///< From 0.
  [[nodiscard]] virtual int size() const = 0;

  /// Replaces each value by the sum, or the largest, over all ranks; every rank calls with as many values and gets the
  /// same. kUnavailable, in finite time, when a rank is gone.
  virtual Result<void> AllReduce(std::span<double> values, Reduction reduction) = 0;

  /// The only rank there is.
  static ProcessGroup& Alone();
};

/// Every rank gets rank 0's values.
Result<void> Broadcast(ProcessGroup& group, std::span<double> values);

}  // namespace zeus
