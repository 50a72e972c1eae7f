#include "zeus/job/learning_rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace zeus {

Result<LearningRateRule> LearningRateRuleFor(std::string_view optimizer) {
  std::string name(optimizer);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  if (name == "sgd") return LearningRateRule::kLinear;
  if (name == "adam" || name == "adamw" || name == "adadelta") return LearningRateRule::kSquareRoot;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("no rule scales the learning rate of optimizer \"{}\": expected sgd, adam, adamw or adadelta",
                          optimizer));
}

double ScaleLearningRate(LearningRateRule rule, double default_learning_rate, int64_t default_batch_size,
                         int64_t batch_size) {
  const double ratio = static_cast<double>(batch_size) / static_cast<double>(default_batch_size);
  return default_learning_rate * (rule == LearningRateRule::kLinear ? ratio : std::sqrt(ratio));
}

}  // namespace zeus
