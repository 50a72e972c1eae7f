#include "digits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace loop {
namespace {

struct Point {
  float x, y;
};
struct Segment {
  Point from, to;
};

// In units of half a digit's height, around its middle: top, the upper two, the middle one, the lower two, bottom.
constexpr std::array<Segment, 7> kSegments{{{{-0.6F, -1}, {0.6F, -1}},
                                            {{-0.6F, -1}, {-0.6F, 0}},
                                            {{0.6F, -1}, {0.6F, 0}},
                                            {{-0.6F, 0}, {0.6F, 0}},
                                            {{-0.6F, 0}, {-0.6F, 1}},
                                            {{0.6F, 0}, {0.6F, 1}},
                                            {{-0.6F, 1}, {0.6F, 1}}}};
// Which of them each digit lights, a bit each.
constexpr std::array<unsigned, kClasses> kLit{0b1110111, 0b0100100, 0b1011101, 0b1101101, 0b0101110,
                                              0b1101011, 0b1111011, 0b0100101, 0b1111111, 0b1101111};

float SquaredDistance(Point point, const Segment& segment) {
  const float dx = segment.to.x - segment.from.x;
  const float dy = segment.to.y - segment.from.y;
  const float along = ((point.x - segment.from.x) * dx + (point.y - segment.from.y) * dy) / (dx * dx + dy * dy);
  const float nearest = std::clamp(along, 0.0F, 1.0F);
  const float ex = point.x - segment.from.x - nearest * dx;
  const float ey = point.y - segment.from.y - nearest * dy;
  return ex * ex + ey * ey;
}

}  // namespace

Pictures MakeDigits(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<unsigned> digit(0, kClasses - 1);
  std::uniform_real_distribution<float> place(-3.0F, 3.0F);
  std::uniform_real_distribution<float> half_height(4.5F, 5.5F);
  std::uniform_real_distribution<float> slant(-0.2F, 0.2F);
  std::normal_distribution<float> noise(0.0F, 0.2F);
  Pictures pictures;
  pictures.pixels.reserve(count * kPixels);
  pictures.labels.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const unsigned label = digit(random);
    const Point middle{7.5F + place(random), 7.5F + place(random)};
    const float scale = half_height(random);
    const float slanted = slant(random);
    for (size_t pixel = 0; pixel < kPixels; ++pixel) {
      const float y = (static_cast<float>(pixel / kSide) - middle.y) / scale;
      const float x = (static_cast<float>(pixel % kSide) - middle.x) / scale + slanted * y;
      float nearest = 100;
      for (size_t s = 0; s < kSegments.size(); ++s) {
        if ((kLit[label] >> s & 1) != 0) nearest = std::min(nearest, SquaredDistance({x, y}, kSegments[s]));
      }
      pictures.pixels.push_back(std::exp(-30 * nearest) + noise(random) - 0.2F);
    }
    pictures.labels.push_back(static_cast<uint8_t>(label));
  }
  return pictures;
}

Pictures Select(const Pictures& pictures, std::span<const size_t> indices) {
  Pictures selected;
  selected.pixels.reserve(indices.size() * kPixels);
  for (const size_t index : indices) {
    const auto first = pictures.pixels.begin() + static_cast<std::ptrdiff_t>(index * kPixels);
    selected.pixels.insert(selected.pixels.end(), first, first + kPixels);
    selected.labels.push_back(pictures.labels[index]);
  }
  return selected;
}

}  // namespace loop
