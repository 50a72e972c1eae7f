#pragma once

#include <CLI/App.hpp>
#include <filesystem>
#include <string>

#include "zeus/base/result.h"
#include "zeus/job/job.h"
#include "zeus/trace/power_trace.h"
#include "zeus/trace/train_trace.h"

namespace zeus {

/// --out, --append, --force: where new traces go, and what becomes of those that are there.
struct TraceOutputFlags {
  std::filesystem::path out;
  bool append = false;
  bool force = false;

  void AddTo(CLI::App& command);
  /// kInvalidArgument for flags that contradict each other.
  [[nodiscard]] Result<void> Check() const;
};

/// What is written: a train trace, the power trace of one GPU model, and the job in the list of workloads.
struct NewTraces {
  TrainTrace train;
  PowerTrace power;
  std::string gpu;
  JobIdentity job;
};

/// Writes summary_train.csv, summary_power_GPU.csv and workloads.csv into the folder, which is made, and returns the
/// line that tells so. kFailedPrecondition for a file that is there, without --append or --force; nothing is written
/// then.
Result<std::string> WriteTraces(const TraceOutputFlags& flags, const NewTraces& traces);

}  // namespace zeus
