#include "zeus/base/number_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <locale>
#include <string>

namespace zeus {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ShortestTextTest, WholeNumbersHaveADecimalPoint) {
  EXPECT_EQ(ShortestText(2), "2.0");
  EXPECT_EQ(ShortestText(0), "0.0");
  EXPECT_EQ(ShortestText(-0.0), "-0.0");
  EXPECT_EQ(ShortestText(-17), "-17.0");
  EXPECT_EQ(ShortestText(1e15), "1000000000000000.0");
}

TEST(ShortestTextTest, IsTheShortestThatReadsBack) {
  EXPECT_EQ(ShortestText(0.1), "0.1");
  EXPECT_EQ(ShortestText(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(ShortestText(1e-5), "1e-05");
  EXPECT_EQ(ShortestText(4e-7), "4e-07");
  EXPECT_EQ(ShortestText(1e16), "1e+16");
  EXPECT_EQ(ShortestText(1.5e300), "1.5e+300");
  EXPECT_EQ(ShortestText(5e-324), "5e-324");
}

TEST(ShortestTextTest, InfinitiesAndNanHaveNames) {
  EXPECT_EQ(ShortestText(kInfinity), "inf");
  EXPECT_EQ(ShortestText(-kInfinity), "-inf");
  EXPECT_EQ(ShortestText(std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(ShortestTextWholeTest, LeavesTheDecimalPointOut) {
  EXPECT_EQ(ShortestTextWhole(175), "175");
  EXPECT_EQ(ShortestTextWhole(175.5), "175.5");
  EXPECT_EQ(ShortestTextWhole(-0.0), "-0");
  EXPECT_EQ(ShortestTextWhole(kInfinity), "inf");
  // On both sides of where an exponent is shorter, which is for fmt to say.
  for (double value = 1; value < 1e18; value *= 10) {
    for (const double each : {value - 1, value, -value, value + 1, value + 0.5}) {
      EXPECT_EQ(ShortestTextWhole(each), fmt::format("{}", each));
    }
  }
}

TEST(NumberTextTest, ReadsBackWhatItWrote) {
  for (const double value : {0.0, -0.0, 1.0, 0.1, 1.0 / 3, 1e-5, 123456789.123456789, 5e-324, 2.2250738585072014e-308,
                             std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest(), kInfinity}) {
    for (const std::string& text : {ShortestText(value), ShortestTextWhole(value)}) {
      const std::optional<double> read = ParseDouble(text);
      ASSERT_TRUE(read) << text;
      EXPECT_EQ(std::bit_cast<uint64_t>(*read), std::bit_cast<uint64_t>(value)) << text;
    }
  }
}

TEST(ParseDoubleTest, TakesNumbers) {
  EXPECT_EQ(ParseDouble("12"), 12);
  EXPECT_EQ(ParseDouble("+12.5"), 12.5);
  EXPECT_EQ(ParseDouble("-.5"), -0.5);
  EXPECT_EQ(ParseDouble("1e-1"), 0.1);
  EXPECT_EQ(ParseDouble("1E+3"), 1000);
  EXPECT_EQ(ParseDouble("inf"), kInfinity);
  EXPECT_EQ(ParseDouble("-Infinity"), -kInfinity);
  EXPECT_EQ(ParseDouble("+inf"), kInfinity);
  EXPECT_TRUE(std::isnan(ParseDouble("NaN").value()));
}

TEST(ParseDoubleTest, RoundsCorrectly) {
  EXPECT_EQ(ParseDouble("0.30000000000000004"), 0.1 + 0.2);
  EXPECT_EQ(ParseDouble("9007199254740993"), 9007199254740992.0);
  EXPECT_EQ(ParseDouble("2.2250738585072011e-308"), 2.225073858507201e-308);
}

TEST(ParseDoubleTest, RefusesAnythingElse) {
  for (const char* text : {"", " ", "1 ", " 1", "1,5", "1.5x", "abc", "+", "-", "+-1", "++1", "--1", ".", "e5", "0x10",
                           "1e400", "-1e400", "1_000", "infi"}) {
    EXPECT_EQ(ParseDouble(text), std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(ParseDouble(std::string_view("1\0", 2)), std::nullopt);
}

TEST(ParseIntegerTest, TakesWholeNumbers) {
  EXPECT_EQ(ParseInteger("0"), 0);
  EXPECT_EQ(ParseInteger("+7"), 7);
  EXPECT_EQ(ParseInteger("-7"), -7);
  EXPECT_EQ(ParseInteger("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(ParseInteger("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(ParseUnsigned("18446744073709551615"), UINT64_MAX);
}

TEST(ParseIntegerTest, RefusesAnythingElse) {
  for (const char* text : {"", "+", "+-7", "1.0", "1e3", "7 ", " 7", "0x7", "inf", "9223372036854775808"}) {
    EXPECT_EQ(ParseInteger(text), std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(ParseUnsigned("-1"), std::nullopt);
  EXPECT_EQ(ParseUnsigned("18446744073709551616"), std::nullopt);
}

// Numbers as a German or French program writes them, set for the whole process.
class CommaDecimalLocale {
 public:
  CommaDecimalLocale() : before_(std::locale::global(std::locale(std::locale::classic(), new Comma))) {
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"}) {
      if (std::setlocale(LC_NUMERIC, name) != nullptr) break;
    }
  }
  CommaDecimalLocale(const CommaDecimalLocale&) = delete;
  CommaDecimalLocale& operator=(const CommaDecimalLocale&) = delete;
  ~CommaDecimalLocale() {
    std::setlocale(LC_NUMERIC, "C");
    std::locale::global(before_);
  }

 private:
  struct Comma : std::numpunct<char> {
    [[nodiscard]] char do_decimal_point() const override { return ','; }
    [[nodiscard]] char do_thousands_sep() const override { return '.'; }
    [[nodiscard]] std::string do_grouping() const override { return "\3"; }
  };

  std::locale before_;
};

TEST(NumberTextTest, IsTheSameUnderACommaDecimalLocale) {
  const CommaDecimalLocale locale;
  EXPECT_EQ(ShortestText(1234567.5), "1234567.5");
  EXPECT_EQ(ShortestText(2000), "2000.0");
  EXPECT_EQ(ShortestTextWhole(2000), "2000");
  EXPECT_EQ(ParseDouble("1234567.5"), 1234567.5);
  EXPECT_EQ(ParseDouble("1,5"), std::nullopt);
  EXPECT_EQ(ParseInteger("1234567"), 1234567);
}

}  // namespace
}  // namespace zeus
