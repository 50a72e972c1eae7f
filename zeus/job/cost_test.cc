#include "zeus/job/cost.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

constexpr auto kInvalid = ErrorCode::kInvalidArgument;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(CostMetricTest, WeighsEnergyAgainstTimeAtMaximumPower) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const CostMetric metric, CostMetric::Create(0.25, Watts(300)));
  EXPECT_EQ(metric.Cost(Joules(1000), Seconds(10)), Joules(0.25 * 1000 + 0.75 * 300 * 10));
  EXPECT_EQ(metric.EpochCost(Watts(100), Seconds(10)), Joules((0.25 * 100 + 0.75 * 300) * 10));
  EXPECT_EQ(metric.eta(), 0.25);
  EXPECT_EQ(metric.max_power(), Watts(300));
}

TEST(CostMetricTest, EtaOneIsEnergyAndEtaZeroIsTime) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const CostMetric energy, CostMetric::Create(1, Watts(300)));
  EXPECT_EQ(energy.Cost(Joules(1000), Seconds(10)), Joules(1000));
  ZEUS_ASSERT_OK_AND_ASSIGN(const CostMetric time, CostMetric::Create(0, Watts(300)));
  EXPECT_EQ(time.Cost(Joules(1000), Seconds(10)), Joules(3000));
}

TEST(CostMetricTest, AgreesWithItselfAboutAnEpoch) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const CostMetric metric, CostMetric::Create(0.5, Watts(250)));
  EXPECT_DOUBLE_EQ(metric.EpochCost(Watts(120), Seconds(33)).value(),
                   metric.Cost(Watts(120) * Seconds(33), Seconds(33)).value());
}

TEST(CostMetricTest, RefusesImpossibleKnobs) {
  for (const double eta : {-0.1, 1.1, std::nan(""), kInfinity}) {
    EXPECT_THAT(CostMetric::Create(eta, Watts(300)), IsError(kInvalid, "the eta knob is")) << eta;
  }
  for (const double power : {0.0, -1.0, std::nan(""), kInfinity}) {
    EXPECT_THAT(CostMetric::Create(0.5, Watts(power)), IsError(kInvalid, "the maximum power is")) << power;
  }
}

TEST(ValidateEtaTest, TakesItsEnds) {
  EXPECT_THAT(ValidateEta(0), IsOk());
  EXPECT_THAT(ValidateEta(1), IsOk());
  EXPECT_THAT(ValidateEta(1.5), IsError(kInvalid, "the eta knob is 1.5: expected a number from 0 (time only) to 1"));
}

TEST(ValidateBetaTest, IsAboveZeroOrInfinite) {
  EXPECT_THAT(ValidateBeta(2), IsOk());
  EXPECT_THAT(ValidateBeta(kInfinity), IsOk());
  for (const double beta : {0.0, -1.0, std::nan("")}) {
    EXPECT_THAT(ValidateBeta(beta), IsError(kInvalid, "the beta knob is")) << beta;
  }
}

}  // namespace
}  // namespace zeus
