#include "zeus/base/numpy_generator.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "zeus/base/ziggurat_tables.h"

namespace zeus {
namespace {

// NumPy's SeedSequence: hashes a seed of any length into a pool of four words, then words out of the pool.
class SeedSequence {
 public:
  explicit SeedSequence(uint64_t seed) {
    const std::array<uint32_t, 4> entropy = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), 0, 0};
    for (size_t i = 0; i < pool_.size(); ++i) pool_[i] = Hash(entropy[i]);
    for (size_t source = 0; source < pool_.size(); ++source) {
      for (size_t target = 0; target < pool_.size(); ++target) {
        if (source != target) pool_[target] = Mix(pool_[target], Hash(pool_[source]));
      }
    }
  }

  // Four 64-bit words, each from two consecutive 32-bit ones, low half first.
  [[nodiscard]] std::array<uint64_t, 4> Generate() const {
    std::array<uint64_t, 4> words{};
    uint32_t constant = 0x8b51f9dd;
    for (size_t i = 0; i < 8; ++i) {
      uint32_t value = pool_[i % pool_.size()] ^ constant;
      constant *= 0x58f38ded;
      value *= constant;
      value ^= value >> 16;
      words[i / 2] |= uint64_t{value} << (32 * (i % 2));
    }
    return words;
  }

 private:
  uint32_t Hash(uint32_t value) {
    value ^= hash_constant_;
    hash_constant_ *= 0x931e8875;
    value *= hash_constant_;
    return value ^ (value >> 16);
  }

  static uint32_t Mix(uint32_t x, uint32_t y) {
    const uint32_t mixed = 0xca01f9ddU * x - 0x4973f715U * y;
    return mixed ^ (mixed >> 16);
  }

  uint32_t hash_constant_ = 0x43b0d7e5;
  std::array<uint32_t, 4> pool_{};
};

constexpr double kZigguratR = 3.6541528853610087963519472518;
constexpr double kInverseZigguratR = 0.27366123732975827203338247596;

}  // namespace

NumpyGenerator::NumpyGenerator(uint64_t seed) {
  const auto words = SeedSequence(seed).Generate();
  const Uint128 start = (Uint128{words[0]} << 64) | words[1];
  const Uint128 stream = (Uint128{words[2]} << 64) | words[3];
  state_.increment = (stream << 1) | 1;
  state_.state = state_.increment + start;  // One step from zero, then the start is added.
  state_.state = state_.state * kMultiplier + state_.increment;
  state_.has_uint32 = false;
  state_.uinteger = 0;
}

uint32_t NumpyGenerator::NextUint32() {
  if (state_.has_uint32) {
    state_.has_uint32 = false;
    return state_.uinteger;
  }
  const uint64_t both = NextUint64();
  state_.has_uint32 = true;
  state_.uinteger = static_cast<uint32_t>(both >> 32);
  return static_cast<uint32_t>(both);
}

uint64_t NumpyGenerator::Bounded(uint64_t max) {
  if (max == 0) return 0;
  if (max == UINT64_MAX) return NextUint64();
  if (max == UINT32_MAX) return NextUint32();
  if (max < UINT32_MAX) {
    const auto range = static_cast<uint32_t>(max + 1);
    uint64_t product = uint64_t{NextUint32()} * range;
    if (static_cast<uint32_t>(product) < range) [[unlikely]] {
      const uint32_t threshold = (UINT32_MAX - static_cast<uint32_t>(max)) % range;
      while (static_cast<uint32_t>(product) < threshold) product = uint64_t{NextUint32()} * range;
    }
    return product >> 32;
  }
  const uint64_t range = max + 1;
  Uint128 product = Uint128{NextUint64()} * range;
  if (static_cast<uint64_t>(product) < range) [[unlikely]] {
    const uint64_t threshold = (UINT64_MAX - max) % range;
    while (static_cast<uint64_t>(product) < threshold) product = Uint128{NextUint64()} * range;
  }
  return static_cast<uint64_t>(product >> 64);
}

double NumpyGenerator::StandardNormal() {
  while (true) {
    const uint64_t random = NextUint64();
    const auto layer = static_cast<unsigned>(random & 0xff);
    const bool negative = ((random >> 8) & 1) != 0;
    const uint64_t magnitude = (random >> 9) & 0x000fffffffffffff;
    if (magnitude < kZigguratK[layer]) [[likely]] {
      const double x = static_cast<double>(magnitude) * kZigguratW[layer];
      return negative ? -x : x;
    }
    bool accepted = false;
    const double x = StandardNormalSlow(magnitude, layer, negative, &accepted);
    if (accepted) return x;
  }
}

// The 1% of draws outside a layer's rectangle: the tail beyond r for layer 0, a rejection step under the curve
// otherwise.
double NumpyGenerator::StandardNormalSlow(uint64_t magnitude, unsigned layer, bool negative, bool* accepted) {
  if (layer == 0) {
    *accepted = true;
    while (true) {
      const double beyond = -kInverseZigguratR * std::log1p(-NextDouble());
      const double test = -std::log1p(-NextDouble());
      if (test + test > beyond * beyond) {
        const double x = kZigguratR + beyond;
        return ((magnitude >> 8) & 1) != 0 ? -x : x;
      }
    }
  }
  const double x = static_cast<double>(magnitude) * (negative ? -kZigguratW[layer] : kZigguratW[layer]);
  const double height = (kZigguratF[layer - 1] - kZigguratF[layer]) * NextDouble() + kZigguratF[layer];
  *accepted = height < std::exp(-0.5 * x * x);
  return x;
}

void NumpyGenerator::Shuffle(std::span<uint64_t> values, size_t first) {
  for (size_t i = values.size(); i-- > first;) std::swap(values[i], values[Bounded(i)]);
}

void NumpyGenerator::ChooseWithoutReplacement(uint64_t population, std::span<uint64_t> chosen) {
  const uint64_t size = chosen.size();
  if (size == 0) return;
  if (population > 10000 && size > population / 50) {
    // NumPy shuffles the tail of all indices when many of many are wanted.
    std::vector<uint64_t> all(population);
    std::iota(all.begin(), all.end(), uint64_t{0});
    Shuffle(all, std::max<uint64_t>(population - size, 1));
    std::copy_n(all.end() - static_cast<std::ptrdiff_t>(size), size, chosen.begin());
    return;
  }
  // Floyd: position j takes a random index up to j, or j itself when that one is taken.
  std::array<uint64_t, 16> small{};
  std::vector<uint64_t> large;
  std::span<uint64_t> taken = small;
  if (population > 64 * small.size()) {
    large.resize((population + 63) / 64);
    taken = large;
  }
  for (uint64_t j = population - size; j < population; ++j) {
    uint64_t value = Bounded(j);
    if ((taken[value / 64] >> (value % 64)) & 1) value = j;
    taken[value / 64] |= uint64_t{1} << (value % 64);
    chosen[j - (population - size)] = value;
  }
  Shuffle(chosen, 1);
}

std::string Uint128ToText(Uint128 value) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  std::ranges::reverse(digits);
  return digits;
}

Result<Uint128> Uint128FromText(std::string_view text) {
  Uint128 value = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    const auto number = static_cast<unsigned>(c - '0');
    if (!digit || value > (~Uint128{0} - number) / 10) {
      return Fail(ErrorCode::kInvalidData, std::string(text).append(" is not a 128-bit whole number"));
    }
    value = value * 10 + number;
  }
  if (text.empty()) return Fail(ErrorCode::kInvalidData, "empty text where a 128-bit whole number belongs");
  return value;
}

}  // namespace zeus
