#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "zeus/base/result.h"

namespace zeus::powercap {

/// A zone's folder: "intel-rapl:NUMBER" for a package, "intel-rapl:PACKAGE:NUMBER" for a part of one. AMD's processors
/// are found under the same name.
struct Zone {
  int number = 0;
  std::filesystem::path folder;
};

/// The RAPL folder below `root`: zeus_sys/class/powercap/intel-rapl, where containers mount the host's, or else
/// sys/class/powercap/intel-rapl. kNotFound says what a machine without one lacks.
Result<std::filesystem::path> FindRaplFolder(const std::filesystem::path& root);

/// The zones of packages by number, whether they lie in the RAPL folder or, as links, beside it.
Result<std::vector<Zone>> ListZones(const std::filesystem::path& rapl_folder);

/// The parts of a package by number: inside of its folder, or beside it.
Result<std::vector<Zone>> ListSubzones(const Zone& package);

}  // namespace zeus::powercap
