#include "zeus/trace/synthetic_workload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "zeus/base/numpy_generator.h"
#include "zeus/job/learning_rate.h"
#include "zeus/trace/synthetic_fields.h"

namespace zeus {
namespace {

constexpr int64_t kMostSamples = 1'000'000'000'000;
constexpr int64_t kLargestBatch = 1'000'000'000;
constexpr int64_t kMostRows = 10'000'000;
constexpr double kLongestPerSample = 1e6;

Result<void> ValidateBatchSizes(const SyntheticWorkload& workload) {
  const std::vector<int64_t>& sizes = workload.batch_sizes;
  if (sizes.empty()) return Fail(ErrorCode::kInvalidArgument, "batch_sizes: expected at least one, found none");
  for (size_t i = 0; i < sizes.size(); ++i) {
    ZEUS_RETURN_IF_ERROR(RequireBetween("batch_sizes", sizes[i], 1, kLargestBatch));
    if (i > 0 && sizes[i] <= sizes[i - 1]) {
      return Fail(
          ErrorCode::kInvalidArgument,
          fmt::format("batch_sizes: expected each above the one before, found {} after {}", sizes[i], sizes[i - 1]));
    }
  }
  if (std::ranges::find(sizes, workload.default_batch_size) == sizes.end()) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("default_batch_size: expected one of {}, found {}",
                                                         fmt::join(sizes, ", "), workload.default_batch_size));
  }
  ZEUS_RETURN_IF_ERROR(RequireAbove("default_learning_rate", workload.default_learning_rate, 0));
  if (const auto rule = LearningRateRuleFor(workload.workload.optimizer); !rule) {
    return Fail(ErrorCode::kInvalidArgument, "optimizer: " + rule.error().message);
  }
  return {};
}

Result<void> ValidateTargets(const SyntheticWorkload& workload) {
  const std::vector<double>& targets = workload.target_metrics;
  if (targets.empty()) return Fail(ErrorCode::kInvalidArgument, "target_metrics: expected at least one, found none");
  const bool finite = std::ranges::all_of(targets, [](double target) { return std::isfinite(target); });
  const bool rising = std::ranges::adjacent_find(targets, std::greater_equal<>()) == targets.end();
  const bool falling = std::ranges::adjacent_find(targets, std::less_equal<>()) == targets.end();
  if (finite && (rising || falling)) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("target_metrics: expected numbers from the easiest to the hardest, all rising or all "
                          "falling, found {}",
                          fmt::join(targets, ", ")));
}

Result<void> ValidateEpochs(const SyntheticWorkload& workload) {
  ZEUS_RETURN_IF_ERROR(RequireBetween("max_epochs", workload.max_epochs, 1, 1'000'000'000));
  ZEUS_RETURN_IF_ERROR(RequireAbove("epochs", workload.epochs, 0));
  ZEUS_RETURN_IF_ERROR(RequireBetween("target_exponent", workload.target_exponent, 0, 100));
  ZEUS_RETURN_IF_ERROR(RequireAbove("critical_batch_size", workload.critical_batch_size, 0));
  ZEUS_RETURN_IF_ERROR(RequireBetween("noisy_batch_size", workload.noisy_batch_size, 0, 1e12));
  ZEUS_RETURN_IF_ERROR(RequireBetween("run_noise", workload.run_noise, 0, 10));
  ZEUS_RETURN_IF_ERROR(RequireBetween("smallest_converging", workload.smallest_converging, 0, kLargestBatch));
  ZEUS_RETURN_IF_ERROR(
      RequireBetween("largest_converging", workload.largest_converging, workload.smallest_converging, kLargestBatch));
  return RequireBetween("failure_probability", workload.failure_probability, 0, 1);
}

// Draws one run; every run takes the same number of draws, so that no parameter moves the others' noise.
class RunGenerator {
 public:
  RunGenerator(const SyntheticWorkload& workload, uint64_t seed) : workload_(workload), random_(seed) {}

  // Epochs to each target, absent from the first one on that this run does not reach.
  std::vector<std::optional<int64_t>> Next(int64_t batch_size) {
    const size_t targets = workload_.target_metrics.size();
    const double noise = std::exp(workload_.run_noise * random_.StandardNormal());
    const bool fails = random_.NextDouble() < workload_.failure_probability ||
                       batch_size < workload_.smallest_converging || batch_size > workload_.largest_converging;
    const auto reached_by_failure = static_cast<size_t>(random_.NextDouble() * static_cast<double>(targets));
    const size_t reached = fails ? reached_by_failure : targets;
    const double total = noise * ExpectedEpochs(workload_, batch_size);
    std::vector<std::optional<int64_t>> epochs(targets);
    for (size_t i = 0; i < reached; ++i) {
      const double position = static_cast<double>(i + 1) / static_cast<double>(targets);
      // The small subtraction keeps 20 epochs 20 where the product came out one bit above.
      const double needed = std::ceil(total * std::pow(position, workload_.target_exponent) - 1e-9);
      if (!(needed <= static_cast<double>(workload_.max_epochs))) break;
      epochs[i] = std::max<int64_t>(1, static_cast<int64_t>(needed));
    }
    return epochs;
  }

 private:
  const SyntheticWorkload& workload_;
  NumpyGenerator random_;
};

}  // namespace

Result<void> Validate(const SyntheticWorkload& workload) {
  ZEUS_RETURN_IF_ERROR(RequireName("dataset", workload.workload.dataset));
  ZEUS_RETURN_IF_ERROR(RequireName("network", workload.workload.network));
  ZEUS_RETURN_IF_ERROR(RequireBetween("dataset_size", workload.dataset_size, 1, kMostSamples));
  ZEUS_RETURN_IF_ERROR(ValidateBatchSizes(workload));
  ZEUS_RETURN_IF_ERROR(
      RequireBetween("compute_per_sample", workload.compute_per_sample.value(), 1e-12, kLongestPerSample));
  ZEUS_RETURN_IF_ERROR(RequireBetween("memory_per_sample", workload.memory_per_sample.value(), 0, kLongestPerSample));
  ZEUS_RETURN_IF_ERROR(
      RequireBetween("overhead_per_iteration", workload.overhead_per_iteration.value(), 0, kLongestPerSample));
  ZEUS_RETURN_IF_ERROR(ValidateTargets(workload));
  ZEUS_RETURN_IF_ERROR(ValidateEpochs(workload));
  const auto rows_per_run = static_cast<int64_t>(workload.batch_sizes.size() * workload.target_metrics.size());
  return RequireBetween("runs", workload.runs, 1, std::max<int64_t>(1, kMostRows / rows_per_run));
}

double ExpectedEpochs(const SyntheticWorkload& workload, int64_t batch_size) {
  const auto size = static_cast<double>(batch_size);
  const double inefficiency = 1 + size / workload.critical_batch_size;
  const double noise = 1 + workload.noisy_batch_size / size;
  const double at_best = 1 + std::sqrt(workload.noisy_batch_size / workload.critical_batch_size);
  return workload.epochs * inefficiency * noise / (at_best * at_best);
}

Result<TrainTrace> GenerateTrainTrace(const SyntheticWorkload& workload, uint64_t seed) {
  ZEUS_RETURN_IF_ERROR(Validate(workload));
  ZEUS_ASSIGN_OR_RETURN(const LearningRateRule rule, LearningRateRuleFor(workload.workload.optimizer));
  TrainTrace trace;
  const uint32_t index =
      trace.workloads.Intern(workload.workload.dataset, workload.workload.network, workload.workload.optimizer);
  RunGenerator generator(workload, seed);
  bool usable = false;
  for (const int64_t batch_size : workload.batch_sizes) {
    const double learning_rate = RoundToSixDigits(
        ScaleLearningRate(rule, workload.default_learning_rate, workload.default_batch_size, batch_size));
    for (int64_t run = 1; run <= workload.runs; ++run) {
      const std::vector<std::optional<int64_t>> epochs = generator.Next(batch_size);
      for (size_t i = 0; i < epochs.size(); ++i) {
        trace.rows.push_back({.workload = index,
                              .batch_size = batch_size,
                              .learning_rate = learning_rate,
                              .run = run,
                              .target_metric = workload.target_metrics[i],
                              .target_epoch = epochs[i]});
      }
      usable = usable || (batch_size == workload.default_batch_size && epochs.back().has_value());
    }
  }
  if (usable) return trace;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("default_batch_size: with these parameters no run at batch size {} reaches the last target "
                          "metric {} within {} epochs (about {:.0f} are expected)",
                          workload.default_batch_size, workload.target_metrics.back(), workload.max_epochs,
                          ExpectedEpochs(workload, workload.default_batch_size)));
}

Result<PowerTrace> GeneratePowerTrace(const SyntheticWorkload& workload, const SyntheticGpu& gpu) {
  ZEUS_RETURN_IF_ERROR(Validate(workload));
  ZEUS_RETURN_IF_ERROR(Validate(gpu));
  PowerTrace trace;
  const uint32_t index =
      trace.workloads.Intern(workload.workload.dataset, workload.workload.network, workload.workload.optimizer);
  const auto samples = static_cast<double>(workload.dataset_size);
  for (const int64_t batch_size : workload.batch_sizes) {
    const int64_t whole_iterations = (workload.dataset_size + batch_size - 1) / batch_size;
    const auto iterations = static_cast<double>(whole_iterations);
    const SyntheticWork epoch = {.overhead = iterations * workload.overhead_per_iteration,
                                 .memory = samples * workload.memory_per_sample,
                                 .compute = samples * workload.compute_per_sample};
    for (const Watts limit : PowerLimits(gpu)) {
      const OperatingPoint point = RunUnderLimit(gpu, epoch, limit);
      const Watts power(RoundToSixDigits(point.average_power.value()));
      trace.rows.push_back({.workload = index,
                            .batch_size = batch_size,
                            .power_limit = limit,
                            .time_per_epoch = Seconds(RoundToSixDigits(point.time.value())),
                            .average_power = std::min(power, limit)});
    }
  }
  return trace;
}

JobIdentity DefaultJob(const SyntheticWorkload& workload) {
  return {.workload = workload.workload,
          .target_metric = workload.target_metrics.back(),
          .max_epochs = workload.max_epochs,
          .default_batch_size = workload.default_batch_size,
          .default_learning_rate = workload.default_learning_rate,
          .workdir = {}};
}

}  // namespace zeus
