#include "capriccio/synthetic_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/result_matchers.h"

namespace zeus::capriccio {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;

std::string Generate(const SyntheticCorpus& corpus) {
  std::string text;
  EXPECT_THAT(GenerateCorpus(corpus,
                             [&](std::string_view piece) -> Result<void> {
                               text += piece;
                               return {};
                             }),
              IsOk());
  return text;
}

// The text of the rows of one day, as they stand in the dates.
std::string TextOf(const std::string& corpus, const std::string& day) {
  std::string text;
  for (size_t at = 0; at < corpus.size();) {
    const size_t end = corpus.find('\n', at);
    const std::string line = corpus.substr(at, end - at);
    if (line.find(day) != std::string::npos) text += line.substr(line.rfind(",\"") + 2) + "\n";
    at = end + 1;
  }
  return text;
}

TEST(SyntheticCorpusTest, TheSameSeedGivesTheSameBytes) {
  const std::string text = Generate({.rows = 500, .days = 7, .seed = 3});
  EXPECT_EQ(std::ranges::count(text, '\n'), 500);
  EXPECT_EQ(text, Generate({.rows = 500, .days = 7, .seed = 3}));
  EXPECT_NE(text, Generate({.rows = 500, .days = 7, .seed = 4}));
}

TEST(SyntheticCorpusTest, HasThePublishedOrderAndLayout) {
  const std::string text = Generate({.rows = 400, .days = 4, .growth = 1});
  EXPECT_THAT(text, ::testing::StartsWith("\"0\",\"1467810000\",\"Mon Apr 06 00:"));
  const size_t happy = text.find("\n\"4\",");
  ASSERT_NE(happy, std::string::npos);
  EXPECT_EQ(text.find("\n\"0\",", happy), std::string::npos);
  EXPECT_EQ(std::ranges::count(text.substr(0, happy + 1), '\n'), 200);
  for (const char* day : {"Apr 06", "Apr 07", "Apr 08", "Apr 09"}) {
    EXPECT_EQ(std::ranges::count(TextOf(text, day), '\n'), 100) << day;
  }
}

TEST(SyntheticCorpusTest, DriftsFromItsDayOn) {
  SyntheticCorpus corpus = {.rows = 2000, .days = 10};
  const std::string before = Generate(corpus);
  corpus.drift = {.day = corpus.first_day + 4, .mood = {.signal = 1, .noise = 0}, .new_words = 1};
  const std::string text = Generate(corpus);
  EXPECT_EQ(text.substr(0, 20'000), before.substr(0, 20'000));
  EXPECT_THAT(TextOf(text, "Apr 09"), AllOf(HasSubstr("happy"), HasSubstr(" the "), Not(HasSubstr("stellar"))));
  EXPECT_THAT(TextOf(text, "Apr 10"), AllOf(HasSubstr("stellar"), Not(HasSubstr(" the ")), Not(HasSubstr("happy"))));
}

TEST(SyntheticCorpusTest, RefusesWhatCannotBe) {
  const auto write = [](std::string_view) { return Result<void>(); };
  const auto fails = [&](const SyntheticCorpus& corpus, const std::string& message) {
    EXPECT_THAT(GenerateCorpus(corpus, write), IsError(ErrorCode::kInvalidArgument, message));
  };
  fails({.rows = 1}, "rows: expected at least 2");
  fails({.rows = 10, .days = 11}, "rows: expected at least 2, one for each of 11 days");
  fails({.days = 0}, "days: expected 1");
  fails({.growth = 0}, "growth: expected");
  fails({.mood = {.signal = 1.5}}, "signal: expected a number from 0 to 1, found 1.5");
  fails({.drift = SyntheticCorpus::Drift{.day = 0}}, "drift_day: expected a day from 2009-04-06 to 2009-06-25");
}

TEST(SyntheticCorpusTest, AnErrorOfTheWriterEndsTheWork) {
  int pieces = 0;
  const auto write = [&](std::string_view) -> Result<void> {
    ++pieces;
    return Fail(ErrorCode::kUnavailable, "full");
  };
  EXPECT_THAT(GenerateCorpus({.rows = 10'000}, write), IsError(ErrorCode::kUnavailable, "full"));
  EXPECT_EQ(pieces, 1);
}

}  // namespace
}  // namespace zeus::capriccio
