#include "apps/zeus/analyze_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace zeus {
namespace {

using ::testing::HasSubstr;

size_t Points(const std::string& svg) {
  const size_t begin = svg.find("polyline");
  const std::string line = svg.substr(begin, svg.find('\n', begin) - begin);
  return static_cast<size_t>(std::ranges::count(line, ','));
}

TEST(PowerPlotTest, FewSamplesAreDrawnOneByOne) {
  PowerPlot plot;
  for (int i = 0; i < 5; ++i) plot.Add(Seconds(10 + i), Watts(100 + i));
  EXPECT_EQ(Points(plot.ToSvg("log", Watts(102))), 5U);
}

TEST(PowerPlotTest, ManySamplesNeedNoMoreThanAFewThousandPoints) {
  PowerPlot plot;
  for (int i = 0; i < 1'000'000; ++i) plot.Add(Seconds(i * 0.001), Watts(100));
  const size_t points = Points(plot.ToSvg("log", Watts(100)));
  EXPECT_GT(points, 700U);
  EXPECT_LE(points, 2048U);
}

TEST(PowerPlotTest, AGapOfYearsIsNoTrouble) {
  PowerPlot plot;
  plot.Add(Seconds(0), Watts(1));
  plot.Add(Seconds(1e-9), Watts(1));
  plot.Add(Seconds(1e9), Watts(2));
  EXPECT_EQ(Points(plot.ToSvg("log", Watts(1))), 2U);
}

TEST(PowerPlotTest, TitlesAreEscaped) {
  PowerPlot plot;
  plot.Add(Seconds(0), Watts(0));
  EXPECT_THAT(plot.ToSvg("a<b&c", Watts(0)), HasSubstr(">a&lt;b&amp;c</text>"));
}

}  // namespace
}  // namespace zeus
