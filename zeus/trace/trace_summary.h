#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/job/job.h"

namespace zeus {

/// What one GPU's power trace holds of one workload, or of all of them.
struct TracedPowerSummary {
  std::string gpu;
  std::vector<int64_t> batch_sizes;  ///< Ascending.
  std::vector<Watts> power_limits;   ///< Ascending; those that any batch size has.
  size_t rows = 0;
};

struct BatchSizeSummary {
  int64_t batch_size = 0;
  std::vector<double> learning_rates;  ///< Ascending.
  size_t runs = 0;
};

struct TargetSummary {
  double target_metric = 0;
  size_t runs = 0;
  size_t reached = 0;
};

struct WorkloadSummary {
  Workload workload;
  std::vector<BatchSizeSummary> batch_sizes;  ///< Ascending; as trained.
  std::vector<TargetSummary> targets;         ///< Ascending.
  std::vector<TracedPowerSummary> gpus;       ///< Those that have rows of it.
};

struct GroupsSummary {
  std::filesystem::path file;
  std::vector<std::string> datasets;  ///< Sorted.
  size_t groups = 0;
  size_t submissions = 0;
  Seconds first_start;
  Seconds last_end;
  double overlapping = 0;  ///< Share of submissions that start while an earlier one of their group is under way.
};

/// What the files of one folder hold, or all files named one by one.
struct TraceSummary {
  std::filesystem::path folder;  ///< Empty for files named one by one.
  std::vector<TracedPowerSummary> gpus;
  std::vector<WorkloadSummary> workloads;  ///< In the files' order.
  std::vector<GroupsSummary> groups;
  std::vector<JobIdentity> jobs;  ///< Of the list of workloads, if there is one.
};

/// Describes folders and single files, which must be free of problems.
Result<std::vector<TraceSummary>> SummarizeTraces(std::span<const std::filesystem::path> paths);

}  // namespace zeus
