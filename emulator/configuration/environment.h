#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/configuration/configuration.h"
#include "zeus/base/result.h"

namespace zeus::emulator {

/// The file with the machine's state; default: one for each user, below /dev/shm.
inline constexpr const char* kStateVariable = "ZEUS_EMULATOR_STATE";
/// A configuration file for whoever makes the machine.
inline constexpr const char* kConfigurationVariable = "ZEUS_EMULATOR_CONFIG";
/// Or a list of GPUs, such as "v100x4"; default: one V100.
inline constexpr const char* kGpusVariable = "ZEUS_EMULATOR_GPUS";

/// The text of a configuration that has these GPUs and nothing else.
Result<std::string> ConfigurationOfGpus(std::string_view list);

/// kNotFound for a fault that concerns a function which the emulator library does not export: it never fires.
Result<void> CheckFunctions(const std::filesystem::path& library, const std::vector<Fault>& faults);

/// Copies an emulator library and takes exported functions out of the copy, as an older driver lacks them: who asks the
/// loader for one is told that there is none. kNotFound names a function that the library does not have.
Result<void> CopyLibraryWithout(const std::filesystem::path& library, const std::vector<std::string>& symbols,
                                const std::filesystem::path& copy);

}  // namespace zeus::emulator
