#include "zeus/trace/power_limit_profile.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/text_file.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

// As Python's json.dumps(..., indent=4) writes it.
constexpr std::string_view kText = R"({
    "measurements": [
        {
            "power_limit": 300,
            "energy": 12345.6,
            "time": 1.234
        },
        {
            "power_limit": 275,
            "energy": 12000.0,
            "time": 1e-05
        }
    ]
})";

PowerLimitProfile TwoLimits() {
  return {.measurements = {{Watts(300), Joules(12345.6), Seconds(1.234)}, {Watts(275), Joules(12000), Seconds(1e-5)}}};
}

std::string WithEntry(std::string_view entry) {
  return R"({"measurements": [{"power_limit": 1, "energy": 1, "time": 1}, )" + std::string(entry) + "]}";
}

Result<PowerLimitProfile> Parse(std::string_view text) {
  return ParsePowerLimitProfile(text, "limits.json");
}

TEST(PowerLimitProfileTest, IsWrittenAsThePublishedPackageWritesIt) {
  EXPECT_EQ(ToText(TwoLimits()), kText);
}

TEST(PowerLimitProfileTest, ALimitThatIsNotWholeKeepsItsFraction) {
  const PowerLimitProfile profile{.measurements = {{Watts(187.5), Joules(1), Seconds(1)}}};
  EXPECT_THAT(ToText(profile), ::testing::HasSubstr("\"power_limit\": 187.5,"));
}

TEST(PowerLimitProfileTest, IsReadBack) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerLimitProfile profile, Parse(kText));
  EXPECT_EQ(profile, TwoLimits());
}

TEST(PowerLimitProfileTest, EveryProfileReadsBackAsItWas) {
  EXPECT_TRUE(rc::check([](const std::vector<std::array<uint32_t, 3>>& raw) {
    RC_PRE(!raw.empty());
    PowerLimitProfile profile;
    for (const auto& [limit, energy, time] : raw) {
      profile.measurements.push_back({Watts(1 + limit / 8.0), Joules(1e-3 + energy / 7.0), Seconds(1e-6 + time / 3e6)});
    }
    const Result<PowerLimitProfile> read = Parse(ToText(profile));
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == profile);
  }));
}

TEST(PowerLimitProfileTest, UnknownFieldsArePassedOver) {
  ZEUS_ASSERT_OK_AND_ASSIGN(
      const PowerLimitProfile profile,
      Parse(R"({"version": 2, "measurements": [{"time": 2, "gpu": "A40", "energy": 3, "power_limit": 100}]})"));
  EXPECT_EQ(profile, (PowerLimitProfile{.measurements = {{Watts(100), Joules(3), Seconds(2)}}}));
}

TEST(PowerLimitProfileTest, ErrorsNameFileAndField) {
  const auto is_error = [](const char* message) { return IsError(ErrorCode::kInvalidData, message); };
  EXPECT_THAT(Parse("{"), is_error("limits.json: not valid JSON at byte"));
  EXPECT_THAT(Parse("[]"), is_error("limits.json: expected an object, found []"));
  EXPECT_THAT(Parse("{}"), is_error("limits.json: has no field \"measurements\""));
  EXPECT_THAT(Parse(R"({"measurements": {}})"), is_error("limits.json.measurements: expected an array, found {}"));
  EXPECT_THAT(Parse(R"({"measurements": []})"),
              is_error("limits.json.measurements: expected at least one measurement, found []"));
  EXPECT_THAT(Parse(WithEntry("7")), is_error("limits.json.measurements[1]: expected an object, found 7"));
  EXPECT_THAT(Parse(WithEntry(R"({"energy": 1, "time": 1})")),
              is_error("limits.json.measurements[1]: has no field \"power_limit\""));
  EXPECT_THAT(Parse(WithEntry(R"({"power_limit": 1, "time": 1})")), is_error("[1]: has no field \"energy\""));
  EXPECT_THAT(Parse(WithEntry(R"({"power_limit": 1, "energy": 1})")), is_error("[1]: has no field \"time\""));
  EXPECT_THAT(Parse(WithEntry(R"({"power_limit": "high", "energy": 1, "time": 1})")),
              is_error("limits.json.measurements[1].power_limit: expected a number, found \"high\""));
  EXPECT_THAT(Parse(WithEntry(R"({"power_limit": 0, "energy": 1, "time": 1})")),
              is_error("limits.json.measurements[1].power_limit: expected a number above 0, found 0"));
  EXPECT_THAT(Parse(WithEntry(R"({"power_limit": 1, "energy": 0.0, "time": 1})")),
              is_error("limits.json.measurements[1].energy: expected a number above 0, found 0.0"));
  EXPECT_THAT(Parse(WithEntry(R"({"power_limit": 1, "energy": "nan", "time": 1})")),
              is_error("limits.json.measurements[1].energy: expected a number above 0, found \"nan\""));
  EXPECT_THAT(Parse(WithEntry(R"({"power_limit": 1, "energy": 1, "time": -2})")),
              is_error("limits.json.measurements[1].time: expected a number above 0, found -2"));
  EXPECT_THAT(Parse(WithEntry(R"({"power_limit": 1, "energy": 1, "time": "inf"})")),
              is_error("limits.json.measurements[1].time: expected a number above 0, found \"inf\""));
}

TEST(PowerLimitProfileTest, FilesAreNamed) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "limits.json";
  EXPECT_THAT(ReadPowerLimitProfile(path), IsError(ErrorCode::kNotFound, path.string()));
  ASSERT_THAT(WriteFileAtomically(path, kText), IsOk());
  ZEUS_ASSERT_OK_AND_ASSIGN(const PowerLimitProfile profile, ReadPowerLimitProfile(path));
  EXPECT_EQ(profile, TwoLimits());
  ASSERT_THAT(WriteFileAtomically(path, kText.substr(0, 60)), IsOk());
  EXPECT_THAT(ReadPowerLimitProfile(path), IsError(ErrorCode::kInvalidData, path.string() + ": not valid JSON"));
}

}  // namespace
}  // namespace zeus
