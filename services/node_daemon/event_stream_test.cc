#include "services/node_daemon/event_stream.h"

#include <gmock/gmock.h>

namespace zeus {
namespace {

TEST(EventStream, KeepsTheNewestOfEachFeed) {
  int starts = 0;
  int wakes = 0;
  PowerFeed one([&] { ++starts; });
  PowerFeed other([&] { ++starts; });
  EventStream stream({&one, &other});
  EXPECT_EQ(starts, 0);
  stream.OnNews([&] { ++wakes; });
  EXPECT_EQ(starts, 2);
  EXPECT_EQ(stream.Take(), "");
  other.Publish("b1");
  one.Publish("a1");
  one.Publish("a2");
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(stream.Take(), "data: a2\n\ndata: b1\n\n");
  EXPECT_EQ(stream.Take(), "");
  other.Publish("b2");
  EXPECT_EQ(wakes, 2);
  EXPECT_EQ(stream.Take(), "data: b2\n\n");
}

TEST(EventStream, MeasuringStartsWithTheFirstAndEndsAfterTheLast) {
  int starts = 0;
  PowerFeed feed([&] { ++starts; });
  EXPECT_FALSE(feed.GoesOn());
  EventStream first({&feed});
  EventStream second({&feed});
  first.OnNews([] {});
  feed.Publish("old");
  second.OnNews([] {});
  EXPECT_EQ(starts, 1);
  EXPECT_EQ(second.Take(), "data: old\n\n");
  first.OnNews({});
  EXPECT_TRUE(feed.GoesOn());
  second.OnNews({});
  feed.Publish("unheard");
  EXPECT_EQ(first.Take(), "data: old\n\n");
  EXPECT_FALSE(feed.GoesOn());
  first.OnNews([] {});
  EXPECT_EQ(starts, 2);
}

}  // namespace
}  // namespace zeus
