#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/model/gpu_model.h"
#include "zeus/base/result.h"

namespace zeus::emulator {

/// Who may change settings.
enum class SettingsPermission {
  kRoot,      ///< Root, or a process with CAP_SYS_ADMIN, as on a real machine.
  kEveryone,  ///< As where an administrator granted it.
  kNobody,    ///< Not even root, as in a container without the capability.
};

/// Something that goes wrong on demand. A fault is active from its time or call on, for as long or as often as it says.
struct Fault {
  enum class Kind {
    kError,         ///< The function returns `error`.
    kCounterWraps,  ///< The energy counter begins anew at `counter_value`.
    kCounterResets  ///< The energy counter begins anew once, when the fault becomes active.
  };

  Kind kind = Kind::kError;
  std::optional<int> gpu;    ///< One GPU, or all.
  std::string function;      ///< An NVML function, or all that take a GPU.
  int error = 0;             ///< An nvmlReturn_t.
  double after_seconds = 0;  ///< Since the machine was made.
  std::optional<double> for_seconds;
  uint64_t after_calls = 0;  ///< Calls that still succeed, counted over all processes.
  std::optional<uint64_t> calls;
  uint64_t counter_value = 0;  ///< mJ.
};

/// A machine to emulate.
struct Configuration {
  std::string driver_version = "550.54.15";
  std::string library_version = "12.550.54.15";
  int cuda_version = 12040;  ///< 1000 x major + 10 x minor.
  SettingsPermission settings = SettingsPermission::kRoot;
  std::vector<GpuModel> gpus;
  std::vector<Fault> faults;
  std::vector<std::string> missing_symbols;
};

inline constexpr size_t kMaxGpus = 64;
inline constexpr size_t kMaxFaults = 64;

/// "v100", "v100x4", "v100x2,a100x2": presets and how many of each.
Result<std::vector<GpuModel>> ParseGpuList(std::string_view text);

/// A configuration file's text (TOML, docs/formats.md); `source` names it in errors, with line and key. Unknown keys,
/// impossible values and impossible combinations are errors.
Result<Configuration> ParseConfiguration(std::string_view text, std::string_view source);

}  // namespace zeus::emulator
