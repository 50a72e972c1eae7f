#pragma once

#include <cstdint>
#include <filesystem>

#include "zeus/base/result.h"

namespace cifar {

/// What a launcher decides for each run; the target comes in ZEUS_TARGET_METRIC.
struct Arguments {
  std::filesystem::path data;  ///< Holds train.bin and test.bin.
  int64_t batch_size = 128;
  double learning_rate = 0.05;
  int64_t epochs = 20;  ///< At most.
  uint64_t seed = 1;
  bool help = false;
};

inline constexpr const char* kUsage =
    "usage: train_cifar100 --data FOLDER [--batch-size N] [--learning-rate X] [--epochs N] [--seed N]\n"
    "Trains a small convolutional network on CIFAR-100 (FOLDER/train.bin, FOLDER/test.bin) to ZEUS_TARGET_METRIC, a\n"
    "validation accuracy. Other variables that Zeus follows: see README.md.\n";

/// Without --data there is an error unless --help is there.
zeus::Result<Arguments> ParseArguments(int count, char** values);

}  // namespace cifar
