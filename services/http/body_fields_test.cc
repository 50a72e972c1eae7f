#include "services/http/body_fields.h"

#include <gmock/gmock.h>

namespace zeus::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(BodyFieldsTest, FieldsAreReadAsThePublishedServersReadThem) {
  BodyFields body(R"({"i": "12", "j": 12.0, "f": "0.5", "g": 3, "t": 7, "b": "false", "l": [8, "16"], "unknown": {}})");
  EXPECT_EQ(body.Integer("i"), 12);
  EXPECT_EQ(body.Integer("j"), 12);
  EXPECT_EQ(body.Number("f"), 0.5);
  EXPECT_EQ(body.Number("g"), 3);
  EXPECT_EQ(body.Text("t"), "7");
  EXPECT_FALSE(body.Boolean("b", true));
  EXPECT_THAT(body.Integers("l"), ElementsAre(8, 16));
  EXPECT_EQ(body.Integer("absent", 5), 5);
  EXPECT_TRUE(body.ok());
}

TEST(BodyFieldsTest, EveryProblemIsTold) {
  BodyFields body(R"({"i": 1.5, "f": "nan", "n": null})");
  body.Integer("i");
  body.Number("f");
  body.Text("n");
  body.Text("absent");
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.Refusal().status, 422);
  EXPECT_EQ(body.Refusal().body,
            R"({"detail":[{"loc":["body","i"],"msg":"value is not a valid integer","type":"type_error.integer"},)"
            R"({"loc":["body","f"],"msg":"value is not a valid float","type":"type_error.float"},)"
            R"({"loc":["body","n"],"msg":"none is not an allowed value","type":"type_error.none.not_allowed"},)"
            R"({"loc":["body","absent"],"msg":"field required","type":"value_error.missing"}]})");
}

TEST(BodyFieldsTest, NumbersThatAreNoneAreRefused) {
  for (const char* const value : {"\"inf\"", "\"nan\"", "\"\"", "\"1x\"", "[]", "true", "{}"}) {
    BodyFields body(std::string("{\"x\": ") + value + "}");
    body.Number("x");
    EXPECT_FALSE(body.ok()) << value;
  }
  for (const char* const value : {"1e300", "0.5", "18446744073709551615", "\"9223372036854775808\"", "true"}) {
    BodyFields body(std::string("{\"x\": ") + value + "}");
    body.Integer("x");
    EXPECT_FALSE(body.ok()) << value;
  }
}

TEST(BodyFieldsTest, ABodyThatIsNoObjectIsOneProblem) {
  for (const char* const text : {"", "[]", "null", "{\"x\": NaN}", "{\"x\": \"\xFF\"}", "{\"x\": 1"}) {
    BodyFields body(text);
    body.Integer("x");
    EXPECT_FALSE(body.ok()) << text;
    EXPECT_THAT(body.Refusal().body, HasSubstr(R"("loc":["body"])")) << text;
  }
}

}  // namespace
}  // namespace zeus::http
