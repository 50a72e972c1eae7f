#include "zeus/base/pairwise_sum.h"

#include <gtest/gtest.h>

#include <vector>

namespace zeus {
namespace {

// 1 / (i + 1), every third one negative.
std::vector<double> Values(size_t count) {
  std::vector<double> values;
  for (size_t i = 0; i < count; ++i) values.push_back((i % 3 == 0 ? -1.0 : 1.0) / static_cast<double>(i + 1));
  return values;
}

struct NumpyResult {
  size_t count;
  double sum;
  double variance;
};

// numpy.sum and numpy.var of Values(count).
constexpr NumpyResult kNumpy[] = {
    {1, -0x1.0000000000000p+0, 0},
    {5, -0x1.bbbbbbbbbbbbcp-3, 0x1.29d3204472decp-2},
    {7, -0x1.8af8af8af8af9p-3, 0x1.b8c10acbdc5bep-3},
    {8, -0x1.15f15f15f15f0p-4, 0x1.86df6929c5cf8p-3},
    {9, 0x1.6256256256258p-5, 0x1.5e55dc9e0829fp-3},
    {15, 0x1.6de9c756a3f5ep-3, 0x1.aefc039360e00p-4},
    {16, 0x1.dbd38ead47ebcp-4, 0x1.9560755688a3cp-4},
    {100, 0x1.80dec96a78c91p-1, 0x1.0af331e75bb4cp-6},
    {127, 0x1.aa32d91aef951p-1, 0x1.a4fccca3436b3p-7},
    {128, 0x1.ae32d91aef94fp-1, 0x1.a1b2ed6224372p-7},
    {129, 0x1.b22ae8fb2f160p-1, 0x1.9e7618abb8282p-7},
    {130, 0x1.ae3aa9f73ed70p-1, 0x1.9b52f52989ee0p-7},
    {136, 0x1.b603f7bd91f57p-1, 0x1.8945465ee884ap-7},
    {255, 0x1.126b88150185dp+0, 0x1.a4972b77d78b5p-8},
    {256, 0x1.116b88150185dp+0, 0x1.a2f6df751e03cp-8},
    {257, 0x1.126a89140284dp+0, 0x1.a1558b3bb812bp-8},
    {1000, 0x1.861057592e870p+0, 0x1.ae56c7a5aa4dcp-10},
    {4096, 0x1.fe7b3dca8a53ep+0, 0x1.a4cac7b0d55b7p-12},
    {10007, 0x1.255f1968a0a54p+1, 0x1.58986d2a958adp-13},
};

TEST(PairwiseSumTest, IsNumpysSumBitForBit) {
  for (const NumpyResult& expected : kNumpy) EXPECT_EQ(PairwiseSum(Values(expected.count)), expected.sum);
}

TEST(PairwiseSumTest, OfSquaresGivesNumpysVarianceBitForBit) {
  for (const NumpyResult& expected : kNumpy) {
    const std::vector<double> values = Values(expected.count);
    const auto count = static_cast<double>(expected.count);
    const double mean = PairwiseSum(values) / count;
    const double squares = PairwiseSum(values, [mean](double value) { return (value - mean) * (value - mean); });
    EXPECT_EQ(squares / count, expected.variance) << expected.count << " values";
  }
}

TEST(PairwiseSumTest, BugMoreValuesThanNumpyBuffersWereOneTree) {
  EXPECT_EQ(PairwiseSum(Values(8192)), 0x1.1cd54d513db05p+1);
  EXPECT_EQ(PairwiseSum(Values(8193)), 0x1.1cd94d313eb05p+1);
  EXPECT_EQ(PairwiseSum(Values(20000)), 0x1.42ea32f466783p+1);
}

TEST(PairwiseSumTest, OfNothingIsZero) {
  EXPECT_EQ(PairwiseSum({}), 0);
}

}  // namespace
}  // namespace zeus
