#include "zeus/simulator/expected_cost.h"

#include <fmt/format.h>

#include <algorithm>

namespace zeus {
namespace {

// Epochs paid for until the target is reached, retries included.
std::optional<double> ExpectEpochs(const RecordedBatchSize& recorded, int64_t max_epochs) {
  double epochs = 0;
  int reached = 0;
  for (const std::optional<int64_t>& target_epoch : recorded.target_epochs) {
    const bool reaches = target_epoch && *target_epoch <= max_epochs;
    epochs += static_cast<double>(reaches ? *target_epoch : max_epochs);
    reached += reaches ? 1 : 0;
  }
  if (reached == 0) return std::nullopt;
  // (mean epochs of a try) / (chance that a try reaches).
  return epochs / reached;
}

}  // namespace

std::optional<ExpectedRecurrence> ExpectRecurrence(const JobTrace& trace, const CostMetric& metric, int64_t batch_size,
                                                   Watts power_limit) {
  const RecordedBatchSize* const recorded = trace.Find(batch_size);
  if (recorded == nullptr) return std::nullopt;
  const auto limit = std::ranges::find(recorded->limits, power_limit, &RecordedLimit::power_limit);
  const std::optional<double> epochs = ExpectEpochs(*recorded, trace.job.max_epochs);
  if (limit == recorded->limits.end() || !epochs) return std::nullopt;
  ExpectedRecurrence expected{.batch_size = batch_size,
                              .power_limit = power_limit,
                              .energy = *epochs * limit->energy_per_epoch(),
                              .time = *epochs * limit->time_per_epoch,
                              .cost = {}};
  expected.cost = metric.Cost(expected.energy, expected.time);
  return expected;
}

Result<ExpectedRecurrence> ExpectDefault(const JobTrace& trace, const CostMetric& metric) {
  const int64_t b0 = trace.job.default_batch_size;
  const RecordedBatchSize* const recorded = trace.Find(b0);
  if (recorded != nullptr) {
    const auto expected = ExpectRecurrence(trace, metric, b0, recorded->limits.back().power_limit);
    if (expected) return *expected;
  }
  return Fail(ErrorCode::kUnreachable,
              fmt::format("the default batch size {} of {} never reaches the target metric {} within {} epochs", b0,
                          ToText(trace.job.workload), trace.job.target_metric, trace.job.max_epochs));
}

std::optional<ExpectedRecurrence> ExpectBestLimit(const JobTrace& trace, const CostMetric& metric, int64_t batch_size) {
  std::optional<ExpectedRecurrence> best;
  const RecordedBatchSize* const recorded = trace.Find(batch_size);
  if (recorded == nullptr) return best;
  for (const RecordedLimit& limit : recorded->limits) {
    const auto expected = ExpectRecurrence(trace, metric, batch_size, limit.power_limit);
    if (expected && (!best || expected->cost < best->cost)) best = expected;
  }
  return best;
}

Result<ExpectedRecurrence> ExpectOracle(const JobTrace& trace, const CostMetric& metric) {
  std::optional<ExpectedRecurrence> best;
  for (const RecordedBatchSize& recorded : trace.batch_sizes) {
    const auto expected = ExpectBestLimit(trace, metric, recorded.batch_size);
    if (expected && (!best || expected->cost < best->cost)) best = expected;
  }
  if (best) return *best;
  return Fail(ErrorCode::kUnreachable,
              fmt::format("no batch size of {} ever reaches the target metric {} within {} epochs",
                          ToText(trace.job.workload), trace.job.target_metric, trace.job.max_epochs));
}

}  // namespace zeus
