#pragma once

#include <cstdint>
#include <string_view>

#include "zeus/base/result.h"

namespace zeus {

/// How a learning rate follows the batch size.
enum class LearningRateRule { kLinear, kSquareRoot };

/// Linear for sgd; square root for adam, adamw and adadelta (names in any case). Any other optimizer is
/// kInvalidArgument. Source: Goyal et al., "Accurate, Large Minibatch SGD", 2017 (linear); Krizhevsky, "One weird
/// trick", 2014 (square root).
Result<LearningRateRule> LearningRateRuleFor(std::string_view optimizer);

/// The learning rate for `batch_size`, given one that suits `default_batch_size`.
double ScaleLearningRate(LearningRateRule rule, double default_learning_rate, int64_t default_batch_size,
                         int64_t batch_size);

}  // namespace zeus
