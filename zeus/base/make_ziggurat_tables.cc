// Writes the tables of the normal generator's 256-layer ziggurat as C++ arrays, at build time.
//
// Layers have equal area V; x[255] = r, and going down f(x[i]) = f(x[i+1]) + V / x[i+1] with f(x) = exp(-x^2 / 2).
// The tables must be NumPy's to the last bit, or every normal differs from NumPy's in its last digits. In double
// precision, in this order of operations, they come out bit-equal but for one rounding: the exact f(x[38]) lies 0.498
// of a unit in the last place above the nearest double, and the exponential function behind NumPy's tables rounded it
// up. The check at the end stops the build on a machine whose mathematical library rounds otherwise.

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>

namespace {

constexpr size_t kLayers = 256;
constexpr double kR = 3.6541528853610087963519472518;
constexpr double kArea = 0.0049286732339746519;
constexpr double kScale = 0x1p52;
constexpr size_t kRoundedUpLayer = 38;
constexpr uint64_t kExpectedChecksum = 0x2827d2bc2072448e;

struct Tables {
  std::array<uint64_t, kLayers> k{};
  std::array<double, kLayers> w{};
  std::array<double, kLayers> f{};
};

double Height(double x, size_t layer) {
  const double height = std::exp(-0.5 * x * x);
  return layer == kRoundedUpLayer ? std::nextafter(height, 1.0) : height;
}

Tables Make() {
  Tables tables;
  std::array<double, kLayers> x{};
  x[kLayers - 1] = kR;
  tables.f[0] = 1.0;
  tables.f[kLayers - 1] = Height(kR, kLayers - 1);
  for (size_t i = kLayers - 2; i > 0; --i) {
    x[i] = std::sqrt(-2.0 * std::log(kArea / x[i + 1] + tables.f[i + 1]));
    tables.f[i] = Height(x[i], i);
  }
  tables.w[0] = kArea / tables.f[kLayers - 1] / kScale;
  tables.k[0] = static_cast<uint64_t>(std::llrint(x[kLayers - 1] * tables.f[kLayers - 1] / kArea * kScale));
  for (size_t i = 1; i < kLayers; ++i) {
    tables.w[i] = x[i] / kScale;
    tables.k[i] = i == 1 ? 0 : static_cast<uint64_t>(std::llrint(x[i - 1] / x[i] * kScale));
  }
  return tables;
}

// FNV-1a over the 64-bit words of all three tables.
uint64_t Checksum(const Tables& tables) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](uint64_t word) { hash = (hash ^ word) * 0x100000001b3; };
  for (const uint64_t value : tables.k) add(value);
  for (const double value : tables.w) add(std::bit_cast<uint64_t>(value));
  for (const double value : tables.f) add(std::bit_cast<uint64_t>(value));
  return hash;
}

}  // namespace

int main() {
  const Tables tables = Make();
  if (const uint64_t checksum = Checksum(tables); checksum != kExpectedChecksum) {
    std::fprintf(stderr,
                 "The ziggurat tables come out as 0x%016llx, not 0x%016llx: this machine's exp, log or sqrt rounds "
                 "differently, and normals would not be NumPy's.\n",
                 static_cast<unsigned long long>(checksum), static_cast<unsigned long long>(kExpectedChecksum));
    return 1;
  }
  std::puts("// Made by make_ziggurat_tables at build time.\n#pragma once\n\n#include <cstdint>\n\nnamespace zeus {");
  std::puts("inline constexpr uint64_t kZigguratK[256] = {");
  for (const uint64_t value : tables.k) std::printf("0x%016llx,\n", static_cast<unsigned long long>(value));
  std::puts("};\ninline constexpr double kZigguratW[256] = {");
  for (const double value : tables.w) std::printf("%a,\n", value);
  std::puts("};\ninline constexpr double kZigguratF[256] = {");
  for (const double value : tables.f) std::printf("%a,\n", value);
  std::puts("};\n}  // namespace zeus");
  return 0;
}
