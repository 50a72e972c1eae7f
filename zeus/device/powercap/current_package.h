#pragma once

#include <filesystem>
#include <optional>

#include "zeus/base/result.h"

namespace zeus {

/// The number (CpuInfo::index) of the processor package that a process last ran on; this one, where none is given.
/// Reads proc and sys below `root`. kNotFound for a process that is not there, and for a package that RAPL does not
/// show. A process that may move between packages is asked too early or too late: pin it first.
Result<int> CurrentPackage(const std::filesystem::path& root = "/", std::optional<int> pid = std::nullopt);

}  // namespace zeus
