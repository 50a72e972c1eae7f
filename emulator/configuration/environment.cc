#include "emulator/configuration/environment.h"

#include <fmt/format.h>

#include "zeus/base/text_file.h"

namespace zeus::emulator {
namespace {

// In an ELF file's string table a name stands between two zero bytes.
std::string InTable(const std::string& symbol) {
  return '\0' + symbol + '\0';
}

}  // namespace

Result<std::string> ConfigurationOfGpus(std::string_view list) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<GpuModel> gpus, ParseGpuList(list));
  std::string text;
  for (const GpuModel& gpu : gpus) text += fmt::format("[[gpu]]\npreset = \"{}\"\n", gpu.key);
  return text;
}

Result<void> CheckFunctions(const std::filesystem::path& library, const std::vector<Fault>& faults) {
  ZEUS_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(library));
  for (const Fault& fault : faults) {
    if (fault.function.empty() || bytes.find(InTable(fault.function)) != std::string::npos) continue;
    return Fail(ErrorCode::kNotFound,
                fmt::format("fault.function: {}: the emulator has no such function", fault.function));
  }
  return {};
}

Result<void> CopyLibraryWithout(const std::filesystem::path& library, const std::vector<std::string>& symbols,
                                const std::filesystem::path& copy) {
  ZEUS_ASSIGN_OR_RETURN(std::string bytes, ReadFile(library));
  for (const std::string& symbol : symbols) {
    // With another first letter the loader's hash table still leads to it, but the comparison fails.
    const std::string name = InTable(symbol);
    bool found = false;
    for (size_t at = bytes.find(name); at != std::string::npos; at = bytes.find(name, at + 1)) {
      bytes[at + 1] = '-';
      found = true;
    }
    if (!found) {
      return Fail(ErrorCode::kNotFound, fmt::format("{}: exports no {}", library.string(), symbol));
    }
  }
  return WriteFileAtomically(copy, bytes);
}

}  // namespace zeus::emulator
