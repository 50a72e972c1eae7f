#pragma once

#include <cstdint>
#include <string_view>

#include "zeus/device/nvml/nvml_abi.h"

/// What the files of exported functions share, and the structures of NVML that only other people's programs ask for.
/// Source: NVML API Reference Guide.
namespace zeus::emulator {

/// Writes an answer through a caller's pointer, which may be null.
template <class Value>
nvml::Return Give(Value* target, Value value) {
  if (target == nullptr) return nvml::kInvalidArgument;
  *target = value;
  return nvml::kSuccess;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b);
nvml::Return CopyProcessName(unsigned pid, char* name, unsigned length);

struct Bar1Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

struct ProcessUtilizationSample {
  unsigned pid;
  unsigned long long time_us;
  unsigned gpu;  ///< Percent, as the three below.
  unsigned memory;
  unsigned encoder;
  unsigned decoder;
};
static_assert(sizeof(ProcessUtilizationSample) == 32);

/// The second version of the process structure is the third one's layout; the first has only these.
struct ProcessInfoV1 {
  unsigned pid;
  unsigned long long used_memory;
};

inline constexpr unsigned kFieldTotalEnergy = 83;

}  // namespace zeus::emulator
