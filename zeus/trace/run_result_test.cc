#include "zeus/trace/run_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;

constexpr RunResult kResult{
    .energy = Joules(0.1), .time = Seconds(1e-5), .cost = Joules(1234567.89), .num_epochs = 12, .reached = true};

TEST(RunResultTest, ItsFileHasThePublishedNameAndFields) {
  EXPECT_EQ(RunResultName("rec01+try02", 128), "rec01+try02+bs128.train.json");
  EXPECT_EQ(ToText(kResult),
            "{\n  \"energy\": 0.1,\n  \"time\": 1e-05,\n  \"cost\": 1234567.89,\n  \"num_epochs\": 12,\n"
            "  \"reached\": true\n}\n");
}

TEST(RunResultTest, ReadsWhatItWrites) {
  EXPECT_EQ(ParseRunResult(ToText(kResult), "file").value(), kResult);
}

// Python writes it on one line, with whole numbers where they are.
TEST(RunResultTest, ReadsOtherSpellings) {
  const RunResult result =
      ParseRunResult(R"({"reached": false, "num_epochs": 1, "cost": 3, "time": 2, "energy": 1, "more": []})", "file")
          .value();
  EXPECT_EQ(result.energy, Joules(1));
  EXPECT_FALSE(result.reached);
}

TEST(RunResultTest, DamageIsNamedByItsField) {
  const std::string good = R"({"energy": 1, "time": 2, "cost": 3, "num_epochs": 4, "reached": true})";
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return ParseRunResult(text, "run.json");
  };
  EXPECT_THAT(ParseRunResult("{\"energy\": 1", "run.json"),
              IsError(ErrorCode::kInvalidData, "run.json: not valid JSON at byte 13 of 12"));
  EXPECT_THAT(ParseRunResult("[]", "run.json"), IsError(ErrorCode::kInvalidData, "run.json: expected an object"));
  EXPECT_THAT(with("\"energy\": 1, ", ""), IsError(ErrorCode::kInvalidData, "run.json: has no field \"energy\""));
  EXPECT_THAT(with("\"time\": 2", "\"time\": -2"),
              IsError(ErrorCode::kInvalidData, "run.json.time: expected a number of 0 or more, found -2"));
  EXPECT_THAT(with("\"cost\": 3", "\"cost\": \"inf\""),
              IsError(ErrorCode::kInvalidData, "run.json.cost: expected a number of 0 or more, found \"inf\""));
  EXPECT_THAT(with("4", "4.5"), IsError(ErrorCode::kInvalidData, "run.json.num_epochs: expected a whole number"));
  EXPECT_THAT(with("4", "-4"), IsError(ErrorCode::kInvalidData, "run.json.num_epochs: expected a count of 0 or more"));
  EXPECT_THAT(with("true", "1"), IsError(ErrorCode::kInvalidData, "run.json.reached: expected true or false"));
}

TEST(RunResultTest, AFileThatIsNotThere) {
  const testing::TemporaryFolder folder;
  EXPECT_THAT(ReadRunResult(folder.path() / "none.json"), IsError(ErrorCode::kNotFound, "none.json"));
}

}  // namespace
}  // namespace zeus
