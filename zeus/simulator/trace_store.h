#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/simulator/joined_trace.h"
#include "zeus/trace/trace_folder.h"

namespace zeus {

/// A folder of traces as simulations use it: the train trace read once, power traces joined when first asked for, and
/// the jobs that go by a name. Not thread-safe; what it hands out may be shared between threads and lives as long as it
/// does.
class TraceStore {
 public:
  static Result<TraceStore> Open(const std::filesystem::path& folder);

  [[nodiscard]] const std::vector<std::string>& gpus() const { return folder_.gpus(); }

  /// The jobs that go by their data set's name: those of the folder's workloads.csv, then the paper's six.
  [[nodiscard]] const std::vector<JobIdentity>& workloads() const { return workloads_; }

  /// kInvalidArgument for a GPU that is not here, with a list of those that are.
  Result<const JoinedTrace*> ForGpu(std::string_view gpu);

  /// The job of that name as it runs on the GPU of `trace`: b0 is no larger than the largest batch size recorded there.
  /// kInvalidArgument for an unknown name, with the list of names, or when the trace does not hold the job.
  [[nodiscard]] Result<JobIdentity> Workload(std::string_view dataset, const JoinedTrace& trace) const;

  /// The named jobs that the trace of a GPU holds.
  [[nodiscard]] std::vector<JobIdentity> WorkloadsOf(const JoinedTrace& trace) const;

 private:
  TraceStore(TraceFolder folder, TrainTrace train, std::vector<JobIdentity> workloads)
      : folder_(std::move(folder)), train_(std::move(train)), workloads_(std::move(workloads)) {}

  TraceFolder folder_;
  TrainTrace train_;
  std::vector<JobIdentity> workloads_;
  std::map<std::string, JoinedTrace, std::less<>> joined_;
};

}  // namespace zeus
