#pragma once

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "zeus/simulator/trace_store.h"

/// The published traces, for benchmarks that run on them.
namespace zeus::bench {

inline std::filesystem::path SharedFolder() {
  const char* const folder = std::getenv("ZEUS_SHARED_DIR");
  return folder != nullptr ? folder : "../shared";
}

/// Ends the benchmark with why it cannot run.
inline void Skip(benchmark::State& state, const std::string& reason) {
  state.SkipWithError((reason + " (set ZEUS_SHARED_DIR)").c_str());
}

/// One of the paper's jobs on one GPU; nullopt after skipping the benchmark, when the traces are absent.
inline std::optional<JobTrace> LoadJob(benchmark::State& state, std::string_view gpu, std::string_view dataset) {
  const auto load = [&]() -> Result<JobTrace> {
    ZEUS_ASSIGN_OR_RETURN(TraceStore store, TraceStore::Open(SharedFolder() / "traces"));
    ZEUS_ASSIGN_OR_RETURN(const JoinedTrace* const joined, store.ForGpu(gpu));
    ZEUS_ASSIGN_OR_RETURN(const JobIdentity job, store.Workload(dataset, *joined));
    return joined->Select(job);
  };
  Result<JobTrace> trace = load();
  if (trace) return *std::move(trace);
  Skip(state, trace.error().message);
  return std::nullopt;
}

}  // namespace zeus::bench
