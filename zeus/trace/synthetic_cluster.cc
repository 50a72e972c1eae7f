#include "zeus/trace/synthetic_cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "zeus/base/numpy_generator.h"
#include "zeus/trace/synthetic_fields.h"

namespace zeus {
namespace {

constexpr int64_t kMostSubmissions = 5'000'000;  // As CSV that is still below the largest file that is read.

double ToTenths(double seconds) {
  return std::round(seconds * 10) / 10;
}

// Exponential with mean 1.
double Exponential(NumpyGenerator& random) {
  return -std::log(1 - random.NextDouble());
}

// Lognormal with mean 1.
double Lognormal(NumpyGenerator& random, double sigma) {
  return std::exp(sigma * random.StandardNormal() - sigma * sigma / 2);
}

ClusterGroup GenerateGroup(const SyntheticCluster& cluster, const std::string& dataset, NumpyGenerator& random) {
  const uint64_t high = random.NextUint64();
  const uint64_t low = random.NextUint64();
  ClusterGroup group = {.name = fmt::format("{:016x}{:016x}", high, low), .dataset = dataset, .submissions = {}};
  const double runtime = cluster.mean_runtime.value() * Lognormal(random, cluster.group_spread);
  const double gap = runtime / cluster.overlap;
  double now = 0;
  for (int64_t i = 0; i < cluster.submissions; ++i) {
    now += gap * Exponential(random);
    const double start = ToTenths(now);
    const double length = std::max(0.1, runtime * Lognormal(random, cluster.run_spread));
    group.submissions.push_back(
        {.start = Seconds(start), .end = Seconds(ToTenths(start + length)), .runtime_ratio = 1});
  }
  return group;
}

// A ratio is to the mean that the data set's runs came out with, not to the one they were drawn around.
void SetRuntimeRatios(std::vector<ClusterGroup>* groups) {
  struct Total {
    Seconds time;
    double runs = 0;
  };
  std::map<std::string, Total> totals;
  for (const ClusterGroup& group : *groups) {
    Total& total = totals[group.dataset];
    for (const Submission& submission : group.submissions) total.time += submission.end - submission.start;
    total.runs += static_cast<double>(group.submissions.size());
  }
  for (ClusterGroup& group : *groups) {
    const Total& total = totals[group.dataset];
    const Seconds mean = total.time / total.runs;
    for (Submission& submission : group.submissions) {
      submission.runtime_ratio = RoundToSixDigits((submission.end - submission.start) / mean);
    }
  }
}

}  // namespace

Result<void> Validate(const SyntheticCluster& cluster) {
  ZEUS_RETURN_IF_ERROR(RequireBetween("groups", cluster.groups, 1, kMostSubmissions));
  ZEUS_RETURN_IF_ERROR(RequireBetween("submissions", cluster.submissions, 1, kMostSubmissions / cluster.groups));
  if (cluster.datasets.empty()) return Fail(ErrorCode::kInvalidArgument, "datasets: expected at least one, found none");
  std::vector<std::string> sorted = cluster.datasets;
  std::ranges::sort(sorted);
  for (const std::string& dataset : sorted) ZEUS_RETURN_IF_ERROR(RequireName("datasets", dataset));
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end()) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("datasets: expected each once, found \"{}\" twice", *twice));
  }
  ZEUS_RETURN_IF_ERROR(RequireBetween("overlap", cluster.overlap, 0.001, 1000));
  ZEUS_RETURN_IF_ERROR(RequireBetween("mean_runtime", cluster.mean_runtime.value(), 1.0, 1e8));
  ZEUS_RETURN_IF_ERROR(RequireBetween("group_spread", cluster.group_spread, 0, 2));
  return RequireBetween("run_spread", cluster.run_spread, 0, 2);
}

Result<std::vector<ClusterGroup>> GenerateClusterGroups(const SyntheticCluster& cluster, uint64_t seed) {
  ZEUS_RETURN_IF_ERROR(Validate(cluster));
  NumpyGenerator random(seed);
  std::vector<ClusterGroup> groups;
  groups.reserve(static_cast<size_t>(cluster.groups));
  for (size_t i = 0; i < static_cast<size_t>(cluster.groups); ++i) {
    groups.push_back(GenerateGroup(cluster, cluster.datasets[i % cluster.datasets.size()], random));
  }
  // Farther from the origin than this, a tenth of a second is lost in rounding.
  constexpr Seconds kLatest{1e13};
  const auto ends_late = [&](const ClusterGroup& group) { return group.submissions.back().end > kLatest; };
  if (std::ranges::any_of(groups, ends_late)) {
    return Fail(ErrorCode::kInvalidArgument,
                "mean_runtime: with so many submissions and so little overlap the times get too large");
  }
  std::ranges::sort(groups, {}, &ClusterGroup::name);
  SetRuntimeRatios(&groups);
  return groups;
}

}  // namespace zeus
