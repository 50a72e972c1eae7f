#include "zeus/trace/power_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;

PowerProfile Example() {
  return {.job_id = "rec01+try01",
          .train = {{Watts(100), {.power = Watts(99.5), .throughput = 3.25}},
                    {Watts(250), {.power = Watts(200.1), .throughput = 5}}},
          .eval = {{Watts(100), {.power = Watts(80), .throughput = 9}}},
          .optimal_limit = Watts(100)};
}

TEST(PowerProfileTest, ItsFileHasThePublishedNameAndFields) {
  EXPECT_EQ(PowerProfileName(64), "bs64.power.json");
  EXPECT_EQ(ToText(Example()), R"({
  "job_id": "rec01+try01",
  "train_power": {
    "100000": 99.5,
    "250000": 200.1
  },
  "train_throughput": {
    "100000": 3.25,
    "250000": 5.0
  },
  "eval_power": {
    "100000": 80.0
  },
  "eval_throughput": {
    "100000": 9.0
  },
  "optimal_pl": 100000
}
)");
}

TEST(PowerProfileTest, ReadsWhatItWrites) {
  EXPECT_EQ(ParsePowerProfile(ToText(Example()), "file").value(), Example());
}

TEST(PowerProfileTest, DamageIsNamedByItsField) {
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = ToText(Example());
    text.replace(text.find(from), from.size(), to);
    return ParsePowerProfile(text, "p.json");
  };
  EXPECT_THAT(ParsePowerProfile("", "p.json"), IsError(ErrorCode::kInvalidData, "p.json: not valid JSON"));
  EXPECT_THAT(with("\"optimal_pl\": 100000", "\"optimal_pl\": \"nan\""),
              IsError(ErrorCode::kInvalidData, "p.json.optimal_pl: expected one of the power limits in train_power"));
  EXPECT_THAT(with("\"optimal_pl\": 100000", "\"optimal_pl\": 125000"),
              IsError(ErrorCode::kInvalidData,
                      "p.json.optimal_pl: expected one of the power limits in train_power, found 125000"));
  EXPECT_THAT(with("99.5", "0"),
              IsError(ErrorCode::kInvalidData, "p.json.train_power.100000: expected a number above 0, found 0"));
  EXPECT_THAT(with("\"100000\": 3.25,", ""),
              IsError(ErrorCode::kInvalidData, "p.json.train_throughput: expected the power limits of train_power"));
  EXPECT_THAT(with("\"100000\": 80.0", ""),
              IsError(ErrorCode::kInvalidData, "p.json.eval_throughput: expected the power limits of eval_power"));
  EXPECT_THAT(with("\"100000\": 99.5", "\"low\": 99.5"),
              IsError(ErrorCode::kInvalidData, "p.json.train_power.low: expected a power limit in mW as its name"));
  EXPECT_THAT(with("\"job_id\": \"rec01+try01\",", ""),
              IsError(ErrorCode::kInvalidData, "p.json: has no field \"job_id\""));
}

}  // namespace
}  // namespace zeus
