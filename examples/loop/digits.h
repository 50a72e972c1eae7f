#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace loop {

inline constexpr size_t kSide = 16;
inline constexpr size_t kPixels = kSide * kSide;
inline constexpr size_t kClasses = 10;

/// Pictures and what they show: row after row, one picture after the other.
struct Pictures {
  std::vector<float> pixels;
  std::vector<uint8_t> labels;

  [[nodiscard]] size_t size() const { return labels.size(); }
};

/// Digits as seven-segment displays show them, each at its own place, size and slant, under noise. The same for the
/// same seed.
Pictures MakeDigits(size_t count, uint64_t seed);

/// Those of the pictures, in this order.
Pictures Select(const Pictures& pictures, std::span<const size_t> indices);

}  // namespace loop
