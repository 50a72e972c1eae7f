#include "zeus/trace/history_csv.h"

#include <gtest/gtest.h>

#include <limits>

namespace zeus {
namespace {

History OneEntry() {
  return {{.recurrence = 3,
           .attempt = 1,
           .batch_size = 128,
           .power_limit = Watts(175),
           .energy = Joules(12345),
           .time = Seconds(0.1),
           .reached = true}};
}

TEST(HistoryCsvTest, HasTheSpecifiedColumns) {
  EXPECT_EQ(HistoryCsvHeader(), "gpu,dataset,eta,beta,seed,rec,try,bs,pl,energy_J,time_s,reached\n");
  EXPECT_EQ(ClusterHistoryCsvHeader(), "gpu,eta,beta,group,dataset,entry,bs,pl,energy_J,time_s,reached\n");
}

TEST(HistoryCsvTest, WritesALineAnEntry) {
  std::string csv = "before\n";
  AppendHistoryCsv({.gpu = "v100", .dataset = "cifar100", .eta = 0.5, .beta = 2, .seed = 7}, OneEntry(), &csv);
  EXPECT_EQ(csv, "before\nv100,cifar100,0.5,2.0,7,3,1,128,175,12345.0,0.1,1\n");
}

TEST(HistoryCsvTest, WritesNothingForAnEmptyHistory) {
  std::string csv;
  AppendHistoryCsv({.gpu = "v100", .dataset = "cifar100"}, {}, &csv);
  EXPECT_EQ(csv, "");
}

TEST(HistoryCsvTest, WritesInfinityAndTheLargestSeed) {
  std::string csv;
  AppendHistoryCsv({.gpu = "v100",
                    .dataset = "cifar100",
                    .eta = 1,
                    .beta = std::numeric_limits<double>::infinity(),
                    .seed = UINT64_MAX},
                   OneEntry(), &csv);
  EXPECT_EQ(csv, "v100,cifar100,1.0,inf,18446744073709551615,3,1,128,175,12345.0,0.1,1\n");
}

TEST(HistoryCsvTest, QuotesNamesThatNeedIt) {
  std::string csv;
  AppendHistoryCsv({.gpu = "a,b", .dataset = "say \"hi\""}, OneEntry(), &csv);
  EXPECT_EQ(csv, "\"a,b\",\"say \"\"hi\"\"\",0.0,0.0,0,3,1,128,175,12345.0,0.1,1\n");
}

TEST(HistoryCsvTest, CountsAGroupsEntriesInTheirOrder) {
  History history = OneEntry();
  history.push_back(history.front());
  history.back().reached = false;
  history.back().power_limit = Watts(99.5);
  std::string csv;
  AppendClusterHistoryCsv({.gpu = "a40", .eta = 0.5, .beta = 2, .group = "0f3a", .dataset = "squad"}, history, &csv);
  EXPECT_EQ(csv,
            "a40,0.5,2.0,0f3a,squad,0,128,175,12345.0,0.1,1\n"
            "a40,0.5,2.0,0f3a,squad,1,128,99.5,12345.0,0.1,0\n");
}

}  // namespace
}  // namespace zeus
