#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cifar {

inline constexpr size_t kSide = 32;
inline constexpr size_t kChannels = 3;
inline constexpr size_t kCoarseClasses = 20;
inline constexpr size_t kClasses = 100;

/// One picture of CIFAR-100 as it stands in the file. Source: "Binary version" on the page of the CIFAR-10 and
/// CIFAR-100 data sets.
struct Picture {
  uint8_t coarse_label;
  uint8_t label;
  std::array<uint8_t, kChannels * kSide * kSide> pixels;  ///< Red, green, blue; each row by row.
};
static_assert(sizeof(Picture) == 3074);

}  // namespace cifar
