#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "zeus/base/numpy_generator.h"
#include "zeus/simulator/job_trace.h"

namespace zeus::testing {

/// How a made-up job behaves.
struct Law {
  std::vector<int64_t> batch_sizes = {32, 64, 128, 256, 512, 1024, 2048, 4096};
  int64_t default_batch_size = 256;
  double epochs = 20;        ///< At small batches.
  double critical = 1024;    ///< The batch size from which on epochs double with it.
  double smallest = 16;      ///< The one below which they blow up.
  double noise = 0.06;       ///< Standard deviation of ln(epochs) of a run,
  double deviation = 0.06;   ///< and of a batch size's mean about the law.
  double batch_share = 256;  ///< At this batch size an epoch's batches cost as much as its samples.
  double limit_share = 0.1;  ///< How much the power limit does to time.
  double fails = 0;          ///< How many of the runs never reach the target.
  int64_t first_reaching = 0;
  int64_t last_reaching = 1 << 20;
  int64_t max_epochs = 200;
};

/// What was recorded of such a job: 20 runs of each batch size, the same each time.
inline JobTrace MakeTrace(const Law& law) {
  NumpyGenerator generator(20230417);
  std::vector<BatchSizeChoice> choices;
  const std::vector<Watts> limits = {Watts(125), Watts(150), Watts(175), Watts(200), Watts(225), Watts(250)};
  for (const int64_t batch_size : law.batch_sizes) choices.push_back({batch_size, limits});
  JobTrace trace{.job = {.workload = {.dataset = "made-up", .network = "net", .optimizer = "adam"},
                         .target_metric = 0.5,
                         .max_epochs = law.max_epochs,
                         .default_batch_size = law.default_batch_size,
                         .default_learning_rate = {},
                         .workdir = {}},
                 .max_power = Watts(250),
                 .batch_sizes = {},
                 .space = *KnobSpace::Create(std::move(choices))};
  for (const int64_t batch_size : law.batch_sizes) {
    const auto b = static_cast<double>(batch_size);
    RecordedBatchSize& recorded = trace.batch_sizes.emplace_back();
    recorded.batch_size = batch_size;
    for (const Watts limit : limits) {
      const double slower = 1 + law.limit_share * (250 - limit.value()) / 125 * (250 - limit.value()) / 125;
      recorded.limits.push_back({limit, Seconds(100 * (1 + law.batch_share / b) * slower), limit * 0.9});
    }
    const double mean =
        std::log(law.epochs * (1 + b / law.critical + law.smallest / b)) + law.deviation * generator.StandardNormal();
    constexpr int kRuns = 20;
    for (int run = 0; run < kRuns; ++run) {
      const double epochs = std::max(1.0, std::round(std::exp(mean + law.noise * generator.StandardNormal())));
      const bool fails = batch_size < law.first_reaching || batch_size > law.last_reaching ||
                         (batch_size != law.default_batch_size && run < law.fails * kRuns);
      recorded.target_epochs.push_back(fails ? std::nullopt : std::optional(static_cast<int64_t>(epochs)));
    }
  }
  return trace;
}

}  // namespace zeus::testing
