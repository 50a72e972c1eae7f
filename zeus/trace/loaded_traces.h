#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "zeus/job/job.h"
#include "zeus/trace/cluster_groups.h"
#include "zeus/trace/power_trace.h"
#include "zeus/trace/problem.h"
#include "zeus/trace/train_trace.h"

namespace zeus {

/// A file that was read, with what was good in it.
template <class Content>
struct LoadedFile {
  std::filesystem::path path;
  Content content;
  std::vector<size_t> lines;  ///< Where each of the file's records stands, from 1.
  bool clean = false;         ///< There was no problem, so that content holds every record, in order.
};

/// Files that belong together: those of one folder, or those named one by one.
struct TraceSet {
  std::filesystem::path folder;  ///< Empty for files named one by one.
  std::vector<LoadedFile<TrainTrace>> train;
  std::vector<LoadedFile<PowerTrace>> power;
  std::vector<LoadedFile<std::vector<ClusterGroup>>> groups;
  std::vector<LoadedFile<std::vector<JobIdentity>>> workload_lists;
};

struct LoadedTraces {
  std::vector<TraceSet> sets;
  Problems problems;  ///< Of all files, in the order of the paths.
  size_t files = 0;   ///< How many were looked at.
};

/// Reads folders and files; a file's header says what it is. In a folder, files that are none of these are passed over,
/// and a train trace without power traces is a problem, and the reverse. Everything wrong, from an unreadable file to a
/// bad field, goes to `problems`, and reading goes on with the next file.
LoadedTraces LoadTraces(std::span<const std::filesystem::path> paths);

/// What a power trace's file name says about the GPU: "v100" for summary_power_v100.csv, else the name as it is.
std::string GpuName(const std::filesystem::path& power_trace);

}  // namespace zeus
