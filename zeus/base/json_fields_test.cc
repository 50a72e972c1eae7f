#include "zeus/base/json_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;

constexpr auto kInvalid = ErrorCode::kInvalidData;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class JsonPlaceTest : public ::testing::Test {
 protected:
  // The field of this name of `text`.
  JsonPlace At(const char* text, const char* name = "x") {
    document_ = Json::parse(text);
    const Result<JsonPlace> field = JsonPlace(document_, "state").Field(name);
    EXPECT_THAT(field, IsOk());
    return field ? *field : JsonPlace(document_, "state");
  }

  Json document_;
};

TEST(ParseJsonTest, NamesTheSourceAndTheByte) {
  EXPECT_THAT(ParseJson(R"({"a": 1})", "beliefs"), IsOk());
  EXPECT_THAT(ParseJson(R"({"a": ])", "beliefs"), IsError(kInvalid, "beliefs: not valid JSON at byte 7 of 7"));
  EXPECT_THAT(ParseJson("", "beliefs"), IsError(kInvalid, "beliefs: not valid JSON at byte 1 of 0"));
  EXPECT_THAT(ParseJson("{\"a\": \"\xFF\"}", "beliefs"), IsError(kInvalid, "beliefs: not valid JSON at byte 8"));
  EXPECT_THAT(ParseJson("{} {}", "beliefs"), IsError(kInvalid, "not valid JSON"));
}

TEST(ParseJsonTest, BugANumberTooLargeForADoubleWasThrown) {
  EXPECT_THAT(ParseJson(R"({"a": 1e999})", "beliefs"), IsError(kInvalid, "beliefs: the JSON holds a number too large"));
}

TEST(ParseJsonTest, BugDeepNestingExhaustedTheStack) {
  EXPECT_THAT(ParseJson(std::string(100, '[') + std::string(100, ']'), "beliefs"), IsOk());
  const std::string deep = std::string(1000000, '[') + std::string(1000000, ']');
  EXPECT_THAT(ParseJson(deep, "beliefs"),
              IsError(kInvalid, "beliefs: the JSON nests deeper than 100 levels at byte 101"));
}

TEST(ParseJsonTest, BracketsInTextsDoNotNest) {
  const std::string brackets(1000, '[');
  EXPECT_THAT(ParseJson("[\"\\\"" + brackets + "\\\\\", \"" + brackets + "\"]", "beliefs"), IsOk());
  EXPECT_THAT(ParseJson("[" + std::string(500, ' ') + "[],[],{}]", "beliefs"), IsOk());
}

TEST_F(JsonPlaceTest, KnowsItsPath) {
  document_ = Json::parse(R"({"jobs": [{"mean": 1}, {"mean": true}]})");
  ZEUS_ASSERT_OK_AND_ASSIGN(const JsonPlace jobs, JsonPlace(document_, "beliefs").Field("jobs"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<JsonPlace> elements, jobs.Elements());
  ASSERT_EQ(elements.size(), 2U);
  ZEUS_ASSERT_OK_AND_ASSIGN(const JsonPlace mean, elements[1].Field("mean"));
  EXPECT_EQ(mean.path(), "beliefs.jobs[1].mean");
  EXPECT_THAT(mean.Number(), IsError(kInvalid, "beliefs.jobs[1].mean: expected a number, found true"));
}

TEST_F(JsonPlaceTest, AMissingFieldIsNamed) {
  document_ = Json::parse(R"({"a": null})");
  const JsonPlace root(document_, "state");
  EXPECT_THAT(root.Field("b"), IsError(kInvalid, "state: has no field \"b\""));
  EXPECT_THAT(root.Field("a"), IsError(kInvalid, "state: has no field \"a\""));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto absent, root.OptionalField("b"));
  EXPECT_FALSE(absent);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto null, root.OptionalField("a"));
  EXPECT_FALSE(null);
}

TEST_F(JsonPlaceTest, OnlyAnObjectHasFields) {
  EXPECT_THAT(At(R"({"x": [1]})").Field("a"), IsError(kInvalid, "state.x: expected an object, found [1]"));
  EXPECT_THAT(At(R"({"x": [1]})").OptionalField("a"), IsError(kInvalid, "state.x: expected an object"));
}

TEST_F(JsonPlaceTest, OnlyAnArrayHasElements) {
  EXPECT_THAT(At(R"({"x": {}})").Elements(), IsError(kInvalid, "state.x: expected an array, found {}"));
  EXPECT_THAT(At(R"({"x": "text"})").Numbers(), IsError(kInvalid, "state.x: expected an array, found \"text\""));
  EXPECT_THAT(At(R"({"x": 5})").Integers(), IsError(kInvalid, "state.x: expected an array, found 5"));
}

TEST_F(JsonPlaceTest, ReadsNumbers) {
  EXPECT_EQ(At(R"({"x": 1.5})").Number().value(), 1.5);
  EXPECT_EQ(At(R"({"x": -3})").Number().value(), -3);
  EXPECT_EQ(At(R"({"x": "inf"})").Number().value(), kInfinity);
  EXPECT_EQ(At(R"({"x": "-inf"})").Number().value(), -kInfinity);
  EXPECT_TRUE(std::isnan(At(R"({"x": "nan"})").Number().value()));
  EXPECT_THAT(At(R"({"x": "1.5"})").Number(), IsError(kInvalid, "state.x: expected a number, found \"1.5\""));
  EXPECT_THAT(At(R"({"x": false})").Number(), IsError(kInvalid, "state.x: expected a number, found false"));
}

TEST_F(JsonPlaceTest, ReadsIntegers) {
  EXPECT_EQ(At(R"({"x": -9223372036854775808})").Integer().value(), INT64_MIN);
  EXPECT_EQ(At(R"({"x": 9223372036854775807})").Integer().value(), INT64_MAX);
  EXPECT_THAT(At(R"({"x": 9223372036854775808})").Integer(), IsError(kInvalid, "state.x: expected a whole number"));
  EXPECT_THAT(At(R"({"x": 1.0})").Integer(), IsError(kInvalid, "state.x: expected a whole number, found 1.0"));
  EXPECT_THAT(At(R"({"x": "1"})").Integer(), IsError(kInvalid, "state.x: expected a whole number, found \"1\""));
}

TEST_F(JsonPlaceTest, ReadsBooleansAndTexts) {
  EXPECT_TRUE(At(R"({"x": true})").Boolean().value());
  EXPECT_EQ(At(R"({"x": "größe"})").Text().value(), "größe");
  EXPECT_THAT(At(R"({"x": 1})").Boolean(), IsError(kInvalid, "state.x: expected true or false, found 1"));
  EXPECT_THAT(At(R"({"x": 1})").Text(), IsError(kInvalid, "state.x: expected a text, found 1"));
}

TEST_F(JsonPlaceTest, ReadsArraysOfNumbers) {
  EXPECT_THAT(At(R"({"x": [1, 2.5, "inf"]})").Numbers().value(), ElementsAre(1, 2.5, kInfinity));
  EXPECT_THAT(At(R"({"x": [1, -2]})").Integers().value(), ElementsAre(1, -2));
  EXPECT_THAT(At(R"({"x": [1, null]})").Numbers(), IsError(kInvalid, "state.x[1]: expected a number, found null"));
  EXPECT_THAT(At(R"({"x": [1, 2.5]})").Integers(), IsError(kInvalid, "state.x[1]: expected a whole number, found 2.5"));
}

TEST_F(JsonPlaceTest, DoesNotRepeatALongValue) {
  const std::string text = R"({"x": ")" + std::string(1000, 'a') + "\"}";
  EXPECT_THAT(At(text.c_str()).Number(), IsError(kInvalid, "state.x: expected a number, found string"));
}

TEST(NumberToJsonTest, WritesWhatNumberReads) {
  for (const double value : {0.0, -0.0, 0.1, 1e-5, 5e-324, 1e300, kInfinity, -kInfinity}) {
    const Json json = Json::parse(NumberToJson(value).dump());
    EXPECT_EQ(JsonPlace(json, "x").Number().value(), value);
  }
  EXPECT_EQ(NumberToJson(std::nan("")), Json("nan"));
  EXPECT_EQ(NumbersToJson(std::vector<double>{1, kInfinity}).dump(), R"([1.0,"inf"])");
}

TEST(CheckFormatTest, SaysWhatWasExpectedAndFound) {
  const auto check = [](const char* text) {
    const Json json = Json::parse(text);
    return CheckFormat(JsonPlace(json, "file"), "zeus-beliefs", 1);
  };
  EXPECT_THAT(check(R"({"format": "zeus-beliefs", "version": 1})"), IsOk());
  EXPECT_THAT(check(R"({"version": 1})"), IsError(kInvalid, "file: has no field \"format\""));
  EXPECT_THAT(check(R"({"format": "zeus-beliefs"})"), IsError(kInvalid, "file: has no field \"version\""));
  EXPECT_THAT(check(R"({"format": "other", "version": 1})"),
              IsError(kInvalid, "file.format: expected \"zeus-beliefs\", found \"other\""));
  EXPECT_THAT(check(R"({"format": "zeus-beliefs", "version": 2})"),
              IsError(kInvalid, "file.version: expected version 1, the one this program writes and reads, found 2"));
  EXPECT_THAT(check(R"([])"), IsError(kInvalid, "file: expected an object, found []"));
}

}  // namespace
}  // namespace zeus
