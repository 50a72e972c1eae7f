#include "services/node_daemon/strict_query.h"

#include <gmock/gmock.h>

#include <array>

namespace zeus {
namespace {

using Kind = QueryRule::Kind;

constexpr std::array kRules = {QueryRule{.name = "ids", .presence = QueryRule::Presence::kOptional},
                               QueryRule{.name = "count", .kind = Kind::kNumber},
                               QueryRule{.name = "block", .kind = Kind::kFlag}};

std::string ProblemOf(const http::NamedTexts& query) {
  const auto read = ReadQuery(query, kRules);
  return read ? "" : read.error().body;
}

TEST(StrictQuery, ReadsEachKind) {
  const auto read = ReadQuery({{"block", "false"}, {"count", "+0042"}}, kRules);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->Text("ids"), nullptr);
  EXPECT_EQ(read->Number("count"), 42U);
  EXPECT_FALSE(read->Flag("block"));
  EXPECT_EQ(ReadQuery({{"block", "true"}, {"count", "4294967295"}}, kRules)->Number("count"), 4294967295U);
}

TEST(StrictQuery, TellsTheFirstProblemInTheOrderOfTheQuery) {
  EXPECT_EQ(ProblemOf({{"count", "x"}, {"what", "1"}}), "Query deserialize error: invalid digit found in string");
  EXPECT_EQ(ProblemOf({{"what", "1"}, {"count", "x"}}),
            "Query deserialize error: unknown field `what`, expected one of `ids`, `count`, `block`");
  EXPECT_EQ(ProblemOf({{"ids", "1"}, {"ids", "1"}}), "Query deserialize error: duplicate field `ids`");
  EXPECT_EQ(ProblemOf({}), "Query deserialize error: missing field `count`");
  EXPECT_EQ(ProblemOf({{"count", "0"}}), "Query deserialize error: missing field `block`");
  EXPECT_EQ(ProblemOf({{"count", "000004294967296"}}),
            "Query deserialize error: number too large to fit in target type");
  EXPECT_EQ(ReadQuery({}, kRules).error().content_type, "text/plain; charset=utf-8");
}

}  // namespace
}  // namespace zeus
