#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/units.h"
#include "zeus/trace/problem.h"

namespace zeus {

/// One submission of a recurring job to a cluster.
struct Submission {
  Seconds start;  ///< Since any common origin.
  Seconds end;
  double runtime_ratio = 1;  ///< This run's length over its data set's mean.

  bool operator==(const Submission&) const = default;
};

/// A recurring job of a cluster, submitted at given times, possibly while earlier runs of it are still under way.
struct ClusterGroup {
  std::string name;                     ///< Its Adler-32 is the group's seed.
  std::string dataset;                  ///< Names one of the known workloads.
  std::vector<Submission> submissions;  ///< By start time; equal times as in the file.

  bool operator==(const ClusterGroup&) const = default;
};

/// Reads groups; everything wrong goes to `problems`. Groups come out sorted by name.
std::vector<ClusterGroup> ParseClusterGroups(std::string_view text, const std::string& source, Problems* problems);

/// Reads a CSV file of groups, or an .xz file of one (told apart by content), that must be free of problems.
Result<std::vector<ClusterGroup>> ReadClusterGroups(const std::filesystem::path& path);

/// The groups as CSV text, as ParseClusterGroups reads it.
std::string ToCsv(const std::vector<ClusterGroup>& groups);

}  // namespace zeus
