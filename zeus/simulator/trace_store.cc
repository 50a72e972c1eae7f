#include "zeus/simulator/trace_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "zeus/simulator/known_workloads.h"
#include "zeus/trace/workload_list.h"

namespace zeus {
namespace {

const std::string& NameOf(const JobIdentity& job) {
  return job.workload.dataset;
}

// No batch size beyond the largest that this GPU was recorded at: the rest does not fit into its memory.
Result<JobIdentity> FitToTrace(JobIdentity job, const JoinedTrace& trace) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<int64_t> batch_sizes, trace.BatchSizes(job.workload));
  job.default_batch_size = std::min(job.default_batch_size, batch_sizes.back());
  return job;
}

}  // namespace

Result<TraceStore> TraceStore::Open(const std::filesystem::path& folder) {
  ZEUS_ASSIGN_OR_RETURN(TraceFolder traces, TraceFolder::Open(folder));
  ZEUS_ASSIGN_OR_RETURN(TrainTrace train, ReadTrainTrace(traces.TrainTracePath()));
  std::vector<JobIdentity> workloads;
  const std::filesystem::path list = folder / kWorkloadListFile;
  if (std::filesystem::exists(list)) {
    ZEUS_ASSIGN_OR_RETURN(workloads, ReadWorkloadList(list));
  }
  for (const JobIdentity& known : KnownWorkloads()) {
    if (std::ranges::count(workloads, NameOf(known), NameOf) == 0) workloads.push_back(known);
  }
  return TraceStore(std::move(traces), std::move(train), std::move(workloads));
}

Result<const JoinedTrace*> TraceStore::ForGpu(std::string_view gpu) {
  auto found = joined_.find(gpu);
  if (found == joined_.end()) {
    ZEUS_ASSIGN_OR_RETURN(const std::filesystem::path path, folder_.PowerTracePath(gpu));
    ZEUS_ASSIGN_OR_RETURN(const PowerTrace power, ReadPowerTrace(path));
    Result<JoinedTrace> joined = JoinedTrace::Create(train_, power);
    if (!joined) return Fail(joined.error().code, fmt::format("{}: {}", path.string(), joined.error().message));
    found = joined_.emplace(gpu, *std::move(joined)).first;
  }
  return &found->second;
}

Result<JobIdentity> TraceStore::Workload(std::string_view dataset, const JoinedTrace& trace) const {
  const auto found = std::ranges::find(workloads_, dataset, NameOf);
  if (found != workloads_.end()) return FitToTrace(*found, trace);
  std::vector<std::string> names;
  for (const JobIdentity& job : WorkloadsOf(trace)) names.push_back(NameOf(job));
  return Fail(ErrorCode::kInvalidArgument, fmt::format("no workload of these traces is named \"{}\"; there are: {}",
                                                       dataset, fmt::join(names, ", ")));
}

std::vector<JobIdentity> TraceStore::WorkloadsOf(const JoinedTrace& trace) const {
  std::vector<JobIdentity> held;
  for (const JobIdentity& job : workloads_) {
    if (Result<JobIdentity> fitted = FitToTrace(job, trace)) held.push_back(*std::move(fitted));
  }
  return held;
}

}  // namespace zeus
