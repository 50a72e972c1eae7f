#pragma once

#include <cstdint>

#include "zeus/base/result.h"

namespace loop {

/// What a launcher decides for each run; the target comes in ZEUS_TARGET_METRIC.
struct Arguments {
  int64_t batch_size = 256;
  double learning_rate = 2;
  int64_t epochs = 12;  ///< At most.
  uint64_t seed = 1;
  bool help = false;
};

inline constexpr const char* kUsage =
    "usage: loop [--batch-size N] [--learning-rate X] [--epochs N] [--seed N]\n"
    "Trains a small network to ZEUS_TARGET_METRIC, a validation accuracy. Other variables that Zeus follows: see "
    "README.md.\n";

zeus::Result<Arguments> ParseArguments(int count, char** values);

}  // namespace loop
