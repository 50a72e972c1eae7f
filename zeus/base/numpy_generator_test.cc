#include "zeus/base/numpy_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/ziggurat_tables.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;

std::vector<uint64_t> Choose(NumpyGenerator* generator, uint64_t population, size_t size) {
  std::vector<uint64_t> chosen(size);
  generator->ChooseWithoutReplacement(population, chosen);
  return chosen;
}

TEST(NumpyGeneratorTest, SeedsGiveTheStateOfNumpy) {
  const NumpyGeneratorState one = NumpyGenerator(1).state();
  EXPECT_EQ(Uint128ToText(one.state), "207833532711051698738587646355624148094");
  EXPECT_EQ(Uint128ToText(one.increment), "194290289479364712180083596243593368443");
  EXPECT_FALSE(one.has_uint32);
  EXPECT_EQ(one.uinteger, 0U);
  const NumpyGeneratorState other = NumpyGenerator(123456).state();
  EXPECT_EQ(Uint128ToText(other.state), "170740881631534979674546372191819977557");
  EXPECT_EQ(Uint128ToText(other.increment), "86625949289666656544807559270110712949");
}

TEST(NumpyGeneratorTest, Seed1DrawsWhatNumpyDraws) {
  NumpyGenerator generator(1);
  for (const double expected : {0.345584192064786, 0.8216181435011584, 0.33043707618338714, -1.303157231604361,
                                0.9053558666731177, 0.4463745723640113}) {
    EXPECT_EQ(generator.Normal(0, 1), expected);
  }
  EXPECT_THAT(Choose(&generator, 4, 4), ElementsAre(0, 2, 3, 1));
  EXPECT_EQ(generator.Normal(-5, 2), -4.411735006688948);
  EXPECT_EQ(Uint128ToText(generator.state().state), "130966367162730243251109438378186170520");
  EXPECT_FALSE(generator.state().has_uint32);
  EXPECT_EQ(generator.state().uinteger, 2360486914U);
}

TEST(NumpyGeneratorTest, Seed123456DrawsWhatNumpyDraws) {
  NumpyGenerator generator(123456);
  for (const double expected : {0.19282119546170398, -0.06550701972209479, 0.435506649441362, 0.8823587548151441}) {
    EXPECT_EQ(generator.StandardNormal(), expected);
  }
}

TEST(NumpyGeneratorTest, ZigguratTablesAreThePublishedOnes) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  const std::filesystem::path file = testing::SharedFolder() / "golden" / "numpy_ziggurat.txt";
  std::ifstream in(file);
  ASSERT_TRUE(in) << "cannot read " << file;
  size_t rows = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    size_t index = 0;
    std::string k;
    std::string w;
    std::string f;
    ASSERT_TRUE(fields >> index >> k >> w >> f) << line;
    ASSERT_EQ(index, rows);
    EXPECT_EQ(kZigguratK[index], std::stoull(k, nullptr, 16)) << "layer " << index;
    EXPECT_EQ(kZigguratW[index], std::stod(w)) << "layer " << index;
    EXPECT_EQ(kZigguratF[index], std::stod(f)) << "layer " << index;
    ++rows;
  }
  EXPECT_EQ(rows, 256U);
}

TEST(NumpyGeneratorTest, A32BitDrawLeavesItsOtherHalfForTheNext) {
  NumpyGenerator whole(7);
  NumpyGenerator halves(7);
  const uint64_t both = whole.NextUint64();
  EXPECT_EQ(halves.NextUint32(), static_cast<uint32_t>(both));
  EXPECT_TRUE(halves.state().has_uint32);
  EXPECT_EQ(halves.state().uinteger, static_cast<uint32_t>(both >> 32));
  EXPECT_EQ(halves.NextUint32(), static_cast<uint32_t>(both >> 32));
  EXPECT_FALSE(halves.state().has_uint32);
  EXPECT_EQ(halves.NextUint64(), whole.NextUint64());
}

TEST(NumpyGeneratorTest, A64BitDrawDoesNotTouchAWaitingHalf) {
  NumpyGenerator generator(7);
  generator.NextUint32();
  const uint32_t waiting = generator.state().uinteger;
  generator.NextUint64();
  generator.StandardNormal();
  EXPECT_EQ(generator.NextUint32(), waiting);
}

TEST(NumpyGeneratorTest, ARestoredStateContinuesTheStream) {
  NumpyGenerator generator(42);
  for (int i = 0; i < 1000; ++i) generator.StandardNormal();
  generator.NextUint32();
  ASSERT_TRUE(generator.state().has_uint32);
  NumpyGenerator restored(generator.state());
  EXPECT_EQ(restored.state(), generator.state());
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(restored.NextUint32(), generator.NextUint32());
    EXPECT_EQ(restored.StandardNormal(), generator.StandardNormal());
    EXPECT_EQ(restored.Bounded(9), generator.Bounded(9));
  }
  EXPECT_EQ(restored.state(), generator.state());
}

TEST(NumpyGeneratorTest, BoundedByZeroDrawsNothing) {
  NumpyGenerator generator(3);
  const NumpyGeneratorState before = generator.state();
  EXPECT_EQ(generator.Bounded(0), 0U);
  EXPECT_EQ(generator.state(), before);
}

TEST(NumpyGeneratorTest, WholeRangesAreRawDraws) {
  NumpyGenerator bounded(3);
  NumpyGenerator raw(3);
  EXPECT_EQ(bounded.Bounded(UINT32_MAX), raw.NextUint32());
  EXPECT_EQ(bounded.Bounded(UINT32_MAX), raw.NextUint32());
  EXPECT_EQ(bounded.Bounded(UINT64_MAX), raw.NextUint64());
  EXPECT_EQ(bounded.state(), raw.state());
}

TEST(NumpyGeneratorTest, ANormalWithoutDeviationStillDraws) {
  NumpyGenerator generator(3);
  NumpyGenerator other(3);
  EXPECT_EQ(generator.Normal(12.5, 0), 12.5);
  other.StandardNormal();
  EXPECT_EQ(generator.state(), other.state());
}

TEST(NumpyGeneratorTest, DoublesLieBelowOne) {
  NumpyGenerator generator(11);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = generator.NextDouble();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

TEST(NumpyGeneratorTest, NormalsAreNormal) {
  NumpyGenerator generator(5);
  constexpr int kDraws = 200000;
  double sum = 0;
  double squares = 0;
  int tail = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = generator.StandardNormal();
    sum += x;
    squares += x * x;
    tail += std::abs(x) > 3.6541528853610088 ? 1 : 0;  // Only the tail's own loop gives these.
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.01);
  EXPECT_NEAR(squares / kDraws, 1, 0.02);
  EXPECT_GT(tail, 0.00025797 * kDraws * 0.5);
  EXPECT_LT(tail, 0.00025797 * kDraws * 2);
}

TEST(NumpyGeneratorTest, ChoosesEveryIndexOnceWhenAllAreWanted) {
  for (const size_t size : {size_t{1}, size_t{2}, size_t{33}, size_t{1024}, size_t{1025}, size_t{10001}}) {
    NumpyGenerator generator(size);
    const std::vector<uint64_t> chosen = Choose(&generator, size, size);
    const std::set<uint64_t> distinct(chosen.begin(), chosen.end());
    EXPECT_EQ(distinct.size(), size);
    EXPECT_LT(*distinct.rbegin(), size);
  }
}

TEST(NumpyGeneratorTest, ChoosingNothingDrawsNothing) {
  NumpyGenerator generator(3);
  const NumpyGeneratorState before = generator.state();
  Choose(&generator, 5, 0);
  EXPECT_EQ(generator.state(), before);
}

TEST(NumpyGeneratorTest, ChoosingTheOnlyOneDrawsNothing) {
  NumpyGenerator generator(3);
  const NumpyGeneratorState before = generator.state();
  EXPECT_THAT(Choose(&generator, 1, 1), ElementsAre(0));
  EXPECT_EQ(generator.state(), before);
}

TEST(Uint128TextTest, RoundTrips) {
  for (const Uint128 value : {Uint128{0}, Uint128{9}, Uint128{10}, Uint128{UINT64_MAX}, Uint128{UINT64_MAX} + 1,
                              ~Uint128{0} - 1, ~Uint128{0}}) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const Uint128 read, Uint128FromText(Uint128ToText(value)));
    EXPECT_TRUE(read == value) << Uint128ToText(value);
  }
  EXPECT_EQ(Uint128ToText(~Uint128{0}), "340282366920938463463374607431768211455");
}

TEST(Uint128TextTest, LeadingZerosAreNoHarm) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const Uint128 read, Uint128FromText(std::string(100, '0') + "17"));
  EXPECT_TRUE(read == Uint128{17});
}

TEST(Uint128TextTest, WhatDoesNotFitIsAnError) {
  for (const char* text : {"340282366920938463463374607431768211456", "340282366920938463463374607431768211460",
                           "999999999999999999999999999999999999999", "3402823669209384634633746074317682114550"}) {
    EXPECT_THAT(Uint128FromText(text), IsError(ErrorCode::kInvalidData, text));
  }
}

TEST(Uint128TextTest, WhatIsNoNumberIsAnError) {
  for (const char* text : {"-1", "+1", "1.0", " 1", "1 ", "0x1", "1e3", "/", ":"}) {
    EXPECT_THAT(Uint128FromText(text), IsError(ErrorCode::kInvalidData, "is not a 128-bit whole number")) << text;
  }
  EXPECT_THAT(Uint128FromText(""), IsError(ErrorCode::kInvalidData, "empty text"));
}

}  // namespace
}  // namespace zeus
