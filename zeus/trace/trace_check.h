#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "zeus/trace/problem.h"

namespace zeus {

struct TraceCheck {
  Problems problems;  ///< What must be mended before the traces can be used.
  Problems notes;     ///< What is odd, see trace_notes.h.
  size_t files = 0;   ///< How many were looked at.
};

/// Checks folders and single files (train and power traces, cluster groups plain or .xz, lists of workloads) and finds
/// everything that is wrong with any of them. Files of one folder, and all files named one by one, are also held
/// against each other.
TraceCheck CheckTraces(std::span<const std::filesystem::path> paths);

}  // namespace zeus
