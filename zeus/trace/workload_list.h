#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/job/job.h"
#include "zeus/trace/problem.h"

namespace zeus {

/// The file in a trace folder that names jobs people may ask for by their data set: `workloads.csv`, see
/// docs/formats.md.
inline constexpr std::string_view kWorkloadListFile = "workloads.csv";

/// Reads a list of jobs; everything wrong with it goes to `problems`, and only good rows are kept.
std::vector<JobIdentity> ParseWorkloadList(std::string_view text, const std::string& source, Problems* problems);

/// Reads a list that must be free of problems.
Result<std::vector<JobIdentity>> ReadWorkloadList(const std::filesystem::path& path);

/// The list as CSV text, as ParseWorkloadList reads it.
std::string ToCsv(const std::vector<JobIdentity>& jobs);

}  // namespace zeus
