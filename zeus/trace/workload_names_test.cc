#include "zeus/trace/workload_names.h"

#include <gtest/gtest.h>

namespace zeus {
namespace {

TEST(WorkloadNamesTest, KeepsEachOnce) {
  WorkloadNames names;
  EXPECT_EQ(names.Intern("squad", "bert", "adamw"), 0U);
  EXPECT_EQ(names.Intern("squad", "bert", "sgd"), 1U);
  EXPECT_EQ(names.Intern("squad", "bert", "sgd"), 1U);
  EXPECT_EQ(names.Intern("squad", "bert", "adamw"), 0U);
  EXPECT_EQ(names.Intern("cifar100", "bert", "adamw"), 2U);
  EXPECT_EQ(names.Intern("squad", "gpt", "adamw"), 3U);
  EXPECT_EQ(names.all().size(), 4U);
  EXPECT_EQ(ToText(names[3]), "squad/gpt/adamw");
}

TEST(WorkloadNamesTest, FindsWithoutAdding) {
  WorkloadNames names;
  const Workload workload = {.dataset = "squad", .network = "bert", .optimizer = "adamw"};
  EXPECT_EQ(names.Find(workload), std::nullopt);
  EXPECT_TRUE(names.all().empty());
  names.Intern("cifar100", "bert", "adamw");
  names.Intern("squad", "bert", "adamw");
  EXPECT_EQ(names.Find(workload), 1U);
}

}  // namespace
}  // namespace zeus
