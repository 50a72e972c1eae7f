#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace zeus::fuzz {

/// Ends a fuzzer's run, as a crash would, where an invariant does not hold.
inline void Require(bool holds, std::string_view invariant, std::string_view found = {}) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\nfound: %.*s\n", static_cast<int>(invariant.size()), invariant.data(),
               static_cast<int>(found.size()), found.data());
  std::abort();
}

inline std::string_view ToText(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace zeus::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
