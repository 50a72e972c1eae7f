// Properties that hold for all numbers, tried on many random ones.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <set>
#include <vector>

#include "zeus/base/number_text.h"
#include "zeus/base/numpy_generator.h"

namespace zeus {
namespace {

TEST(NumberProperties, ShortestTextReadsBackAsTheSameDouble) {
  EXPECT_TRUE(rc::check([](uint64_t bits) {
    const auto value = std::bit_cast<double>(bits);
    RC_PRE(!std::isnan(value));
    const std::optional<double> read = ParseDouble(ShortestText(value));
    RC_ASSERT(read.has_value());
    RC_ASSERT(std::bit_cast<uint64_t>(*read) == bits);
  }));
}

TEST(NumberProperties, IntegersReadBack) {
  EXPECT_TRUE(rc::check([](int64_t value) { RC_ASSERT(ParseInteger(std::to_string(value)) == value); }));
  EXPECT_TRUE(rc::check([](uint64_t value) { RC_ASSERT(ParseUnsigned(std::to_string(value)) == value); }));
}

TEST(NumberProperties, Uint128TextReadsBack) {
  EXPECT_TRUE(rc::check([](uint64_t high, uint64_t low) {
    const Uint128 value = (Uint128{high} << 64) | low;
    const Result<Uint128> read = Uint128FromText(Uint128ToText(value));
    RC_ASSERT(read.has_value());
    RC_ASSERT((*read == value));
  }));
}

TEST(NumberProperties, BoundedStaysInItsRange) {
  EXPECT_TRUE(rc::check([](uint64_t seed, uint64_t max) {
    const auto bits = static_cast<unsigned>(seed % 64);  // Ranges of every size, not only of around 2^64.
    NumpyGenerator generator(seed);
    for (int i = 0; i < 20; ++i) RC_ASSERT(generator.Bounded(max >> bits) <= max >> bits);
  }));
}

TEST(NumberProperties, ChosenWithoutReplacementMeansDistinctAndBelowThePopulation) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    // Around the sizes at which the generator changes its way of choosing: 1024 and 10000.
    const auto population = *rc::gen::oneOf(rc::gen::inRange<uint64_t>(1, 100), rc::gen::inRange<uint64_t>(900, 1200),
                                            rc::gen::inRange<uint64_t>(9900, 20000));
    const auto size = *rc::gen::inRange<uint64_t>(0, population + 1);
    std::vector<uint64_t> chosen(size);
    NumpyGenerator(seed).ChooseWithoutReplacement(population, chosen);
    const std::set<uint64_t> distinct(chosen.begin(), chosen.end());
    RC_ASSERT(distinct.size() == chosen.size());
    for (const uint64_t index : chosen) RC_ASSERT(index < population);
  }));
}

TEST(NumberProperties, ARestoredGeneratorContinues) {
  EXPECT_TRUE(rc::check([](uint64_t seed, uint8_t draws) {
    NumpyGenerator generator(seed);
    for (int i = 0; i < draws; ++i) generator.NextUint32();
    NumpyGenerator restored(generator.state());
    for (int i = 0; i < 10; ++i) RC_ASSERT(restored.NextUint32() == generator.NextUint32());
    RC_ASSERT(restored.StandardNormal() == generator.StandardNormal());
    RC_ASSERT((restored.state() == generator.state()));
  }));
}

}  // namespace
}  // namespace zeus
