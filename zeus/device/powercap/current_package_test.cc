#include "zeus/device/powercap/current_package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/powercap/powercap_tree.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::zeus::testing::IsError;
using ::zeus::testing::PowercapTree;

TEST(CurrentPackageTest, FollowsTheProcessor) {
  const PowercapTree tree("two_sockets_dram");
  tree.WriteStat("self", 0);
  EXPECT_EQ(CurrentPackage(tree.root()).value(), 0);
  tree.WriteStat("self", 3);
  EXPECT_EQ(CurrentPackage(tree.root()).value(), 1);
}

TEST(CurrentPackageTest, OfAnotherProcess) {
  const PowercapTree tree("two_sockets_dram");
  tree.WriteStat("self", 0);
  tree.WriteStat("4711", 1);
  EXPECT_EQ(CurrentPackage(tree.root(), 4711).value(), 1);
}

TEST(CurrentPackageTest, PackagesOfSeveralDies) {
  const PowercapTree tree("two_dies");
  for (int processor = 0; processor < 4; ++processor) {
    tree.WriteStat("self", processor);
    EXPECT_EQ(CurrentPackage(tree.root()).value(), processor);
  }
}

TEST(CurrentPackageTest, KernelsThatKnowNoDies) {
  const PowercapTree tree("two_sockets_dram");
  std::filesystem::remove(tree.root() / "sys/devices/system/cpu/cpu1/topology/die_id");
  tree.WriteStat("self", 1);
  EXPECT_EQ(CurrentPackage(tree.root()).value(), 1);
}

TEST(CurrentPackageTest, NamesWithBlanksAndParentheses) {
  const PowercapTree tree("two_sockets_dram");
  tree.WriteStat("self", 1, "a) b (c) 1 2 3)");
  EXPECT_EQ(CurrentPackage(tree.root()).value(), 1);
}

TEST(CurrentPackageTest, AProcessThatIsNotThere) {
  const PowercapTree tree("two_sockets_dram");
  EXPECT_THAT(CurrentPackage(tree.root(), 99), IsError(ErrorCode::kNotFound, "/proc/99/stat"));
}

TEST(CurrentPackageTest, AStatThatIsCutOff) {
  const PowercapTree tree("two_sockets_dram");
  for (const char* const content : {"", "1 (sh) R 1 2 3\n", "no parenthesis", ")",
                                    "1 (sh) R 4 5 6 7 8 9 10 11 12 13 14 15 16 "
                                    "17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 x 40\n"}) {
    tree.WriteStat("self", 0);
    std::ofstream(tree.root() / "proc/self/stat") << content;
    EXPECT_THAT(CurrentPackage(tree.root()),
                IsError(ErrorCode::kInvalidData, "/proc/self/stat: expected a processor's number in field 39"))
        << content;
  }
}

TEST(CurrentPackageTest, AProcessorWithoutTopology) {
  const PowercapTree tree("two_sockets_dram");
  tree.WriteStat("self", 77);
  EXPECT_THAT(CurrentPackage(tree.root()),
              IsError(ErrorCode::kUnavailable, "/cpu77/topology/physical_package_id: No such file or directory"));
}

TEST(CurrentPackageTest, APackageThatRaplDoesNotShow) {
  const PowercapTree tree("two_sockets_dram");
  tree.WriteStat("self", 1);
  tree.Write("intel-rapl:1", "name", "package-7\n");
  EXPECT_THAT(
      CurrentPackage(tree.root()),
      IsError(ErrorCode::kNotFound, "intel-rapl: expected a zone named package-1 or package-1-die-0, found none"));
}

TEST(CurrentPackageTest, AMachineWithoutRapl) {
  const PowercapTree tree("two_sockets_dram");
  tree.WriteStat("self", 1);
  std::filesystem::remove_all(tree.root() / "sys/class/powercap");
  EXPECT_THAT(CurrentPackage(tree.root()), IsError(ErrorCode::kNotFound, "no RAPL"));
}

TEST(CurrentPackageTest, ThisMachineHasAnAnswerOrAReason) {
  const Result<int> package = CurrentPackage();
  EXPECT_TRUE(package.has_value() || !package.error().message.empty());
}

}  // namespace
}  // namespace zeus
