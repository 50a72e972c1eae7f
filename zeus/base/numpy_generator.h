#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "zeus/base/result.h"

namespace zeus {

__extension__ typedef unsigned __int128 Uint128;

/// Everything that decides a NumpyGenerator's future draws: the fields of NumPy's own `bit_generator.state`.
struct NumpyGeneratorState {
  Uint128 state;
  Uint128 increment;
  bool has_uint32;    ///< Whether half of a 64-bit output waits for the next 32-bit draw.
  uint32_t uinteger;  ///< That half; kept (and meaningless) after it was drawn, as NumPy keeps it.

  bool operator==(const NumpyGeneratorState&) const = default;
};

/// NumPy's `default_rng(seed)`, draw for draw and bit for bit: SeedSequence into PCG64 (XSL-RR 128/64), Lemire's
/// bounded integers, Floyd's choice without replacement, the 256-layer ziggurat. Verified against NumPy 1.24.
///
/// Source: O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms", 2014; Lemire, "Fast
/// Random Integer Generation in an Interval", 2019; Doornik, "An Improved Ziggurat Method", 2005.
/// A value: copying it copies the stream. Not thread-safe.
class NumpyGenerator {
 public:
  explicit NumpyGenerator(uint64_t seed);
  explicit NumpyGenerator(const NumpyGeneratorState& state) : state_(state) {}

  [[nodiscard]] const NumpyGeneratorState& state() const { return state_; }

  uint64_t NextUint64() {
    state_.state = state_.state * kMultiplier + state_.increment;
    return Output(state_.state);
  }

  uint32_t NextUint32();

  /// Uniform in [0, 1) with 53 bits.
  double NextDouble() { return static_cast<double>(NextUint64() >> 11) * 0x1p-53; }

  /// Uniform in [0, max]; draws nothing when max is 0.
  uint64_t Bounded(uint64_t max);

  /// Normal with the given mean and standard deviation; one ziggurat draw even when the deviation is 0.
  double Normal(double mean, double standard_deviation) { return mean + standard_deviation * StandardNormal(); }
  double StandardNormal();

  /// `choice(population, len(chosen), replace=False)`: distinct indices below `population`, in random order.
  /// Precondition: chosen.size() <= population.
  void ChooseWithoutReplacement(uint64_t population, std::span<uint64_t> chosen);

 private:
  static constexpr Uint128 kMultiplier = (Uint128{0x2360ED051FC65DA4} << 64) | 0x4385DF649FCCF645;

  static uint64_t Output(Uint128 state) {
    const auto folded = static_cast<uint64_t>(state >> 64) ^ static_cast<uint64_t>(state);
    const auto rotation = static_cast<unsigned>(state >> 122);
    return (folded >> rotation) | (folded << ((64 - rotation) & 63));
  }

  double StandardNormalSlow(uint64_t magnitude, unsigned layer, bool negative, bool* accepted);
  void Shuffle(std::span<uint64_t> values, size_t first);

  NumpyGeneratorState state_;
};

/// Decimal text of a 128-bit state word, and back; JSON numbers cannot carry 128 bits between programs.
std::string Uint128ToText(Uint128 value);
Result<Uint128> Uint128FromText(std::string_view text);

}  // namespace zeus
