#pragma once

#include <cstdint>
#include <string_view>

namespace zeus {

/// Adler-32 checksum (RFC 1950, section 8.2): a cluster group's name hashed to its seed.
constexpr uint32_t Adler32(std::string_view bytes) {
  constexpr uint32_t kModulus = 65521;
  uint32_t a = 1;
  uint32_t b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % kModulus;
    b = (b + a) % kModulus;
  }
  return (b << 16) | a;
}

}  // namespace zeus
