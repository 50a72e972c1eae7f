#include "emulator/configuration/nvml_names.h"

namespace zeus::emulator {
namespace {

struct NamedError {
  int code;
  const char* name;
  const char* text;
};

// The codes of nvmlReturn_t; the texts say what the reference says, in our words.
constexpr NamedError kErrors[] = {
    {0, "success", "Success"},
    {1, "uninitialized", "Uninitialized"},
    {2, "invalid_argument", "Invalid Argument"},
    {3, "not_supported", "Not Supported"},
    {4, "no_permission", "Insufficient Permissions"},
    {6, "not_found", "Not Found"},
    {7, "insufficient_size", "Insufficient Size"},
    {8, "insufficient_power", "Insufficient External Power"},
    {9, "driver_not_loaded", "Driver Not Loaded"},
    {10, "timeout", "Timeout"},
    {11, "irq_issue", "Interrupt Request Issue"},
    {12, "library_not_found", "NVML Shared Library Not Found"},
    {13, "function_not_found", "Function Not Found"},
    {14, "corrupted_inforom", "Corrupted infoROM"},
    {15, "gpu_is_lost", "GPU is lost"},
    {16, "reset_required", "GPU requires restart"},
    {17, "operating_system", "The operating system has blocked the request"},
    {18, "lib_rm_version_mismatch", "Driver/library version mismatch"},
    {19, "in_use", "In use by another client"},
    {20, "memory", "Insufficient Memory"},
    {21, "no_data", "No data"},
    {25, "argument_version_mismatch", "Argument version mismatch"},
    {999, "unknown", "Unknown Error"},
};

}  // namespace

std::optional<int> FindErrorCode(std::string_view name) {
  for (const NamedError& error : kErrors) {
    if (error.code != 0 && name == error.name) return error.code;
  }
  return std::nullopt;
}

std::vector<std::string> ErrorNames() {
  std::vector<std::string> names;
  for (const NamedError& error : kErrors) {
    if (error.code != 0) names.emplace_back(error.name);
  }
  return names;
}

const char* ErrorText(int code) {
  for (const NamedError& error : kErrors) {
    if (error.code == code) return error.text;
  }
  return "Unknown Error";
}

}  // namespace zeus::emulator
