#include "zeus/device/powercap/list_cpus.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "tests/support/files.h"
#include "tests/support/powercap/powercap_tree.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::zeus::testing::IsError;
using ::zeus::testing::PowercapTree;
using ::zeus::testing::TemporaryFolder;

std::vector<std::string> Names(const CpuList& list) {
  std::vector<std::string> names;
  for (const auto& cpu : list.cpus) names.push_back(std::to_string(cpu->info().index) + " " + cpu->info().name);
  return names;
}

TEST(ListCpusTest, OneSocketWithDram) {
  const PowercapTree tree("one_socket_dram");
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  EXPECT_THAT(Names(list), ElementsAre("0 package-0"));
  EXPECT_THAT(list.problems, IsEmpty());
  ASSERT_TRUE(list.cpus[0]->has_dram());
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuEnergySample sample, list.cpus[0]->ReadEnergy());
  EXPECT_DOUBLE_EQ(sample.package.value(), 148238.617455);
  EXPECT_DOUBLE_EQ(sample.dram.value().value(), 20563.816162);
  EXPECT_EQ(sample.package_step, CounterStep::kFirst);
}

TEST(ListCpusTest, OneSocketWithoutDram) {
  const PowercapTree tree("one_socket");
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  EXPECT_THAT(Names(list), ElementsAre("0 package-0"));
  EXPECT_THAT(list.problems, IsEmpty());
  EXPECT_FALSE(list.cpus[0]->has_dram());
  EXPECT_EQ(list.cpus[0]->info().why_no_dram, "this processor has no zone named dram");
  EXPECT_EQ(list.cpus[0]->ReadEnergy().value().dram, std::nullopt);
}

TEST(ListCpusTest, TwoSocketsWithDram) {
  const PowercapTree tree("two_sockets_dram");
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  EXPECT_THAT(Names(list), ElementsAre("0 package-0", "1 package-1"));
  EXPECT_DOUBLE_EQ(list.cpus[1]->ReadEnergy().value().dram.value().value(), 9876.543287);
}

TEST(ListCpusTest, TwoSocketsBesideTheControlType) {
  const PowercapTree tree("two_sockets");
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  EXPECT_THAT(Names(list), ElementsAre("0 package-0", "1 package-1"));
  EXPECT_THAT(list.problems, IsEmpty());
  EXPECT_DOUBLE_EQ(list.cpus[1]->ReadEnergy().value().package.value(), 4000.000005);
}

TEST(ListCpusTest, DramBesideTheControlType) {
  const PowercapTree tree("two_sockets");
  tree.Write("intel-rapl:1:0", "name", "dram\n");
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  EXPECT_FALSE(list.cpus[0]->has_dram());
  EXPECT_TRUE(list.cpus[1]->has_dram());
}

TEST(ListCpusTest, APlatformZoneIsNoPackage) {
  const PowercapTree tree("laptop_psys");
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  EXPECT_THAT(Names(list), ElementsAre("0 package-0"));
  EXPECT_THAT(list.problems, IsEmpty());
  EXPECT_DOUBLE_EQ(list.cpus[0]->ReadEnergy().value().dram.value().value(), 3.345678);
}

TEST(ListCpusTest, ZonesAreSortedByNumberAndMayHaveGaps) {
  const PowercapTree tree("two_sockets");
  std::filesystem::rename(tree.powercap() / "intel-rapl:1", tree.powercap() / "intel-rapl:10");
  std::filesystem::copy(tree.powercap() / "intel-rapl:0", tree.powercap() / "intel-rapl:2");
  for (const char* const odd : {"intel-rapl:", "intel-rapl:x", "intel-rapl:-1", "intel-rapl:99999999999999999999"}) {
    std::filesystem::create_directory(tree.powercap() / odd);
  }
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  EXPECT_THAT(Names(list), ElementsAre("0 package-0", "2 package-0", "10 package-1"));
}

TEST(ListCpusTest, AContainersMountComesFirst) {
  const PowercapTree tree("two_sockets_dram");
  std::filesystem::create_directories(tree.root() / "zeus_sys/class/powercap");
  std::filesystem::copy(tree.powercap() / "intel-rapl", tree.root() / "zeus_sys/class/powercap/intel-rapl",
                        std::filesystem::copy_options::recursive);
  std::filesystem::remove_all(tree.root() / "zeus_sys/class/powercap/intel-rapl/intel-rapl:1");
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  EXPECT_THAT(Names(list), ElementsAre("0 package-0"));
  EXPECT_TRUE(list.cpus[0]->has_dram());
}

TEST(ListCpusTest, AMachineWithoutRapl) {
  const TemporaryFolder empty;
  const Result<CpuList> list = ListCpus(empty.path());
  ASSERT_THAT(list, IsError(ErrorCode::kNotFound, "no RAPL: expected the folder "));
  EXPECT_THAT(list.error().message, HasSubstr("/sys/class/powercap/intel-rapl or "));
  EXPECT_THAT(list.error().message, EndsWith("and the kernel module intel_rapl_msr"));
}

TEST(ListCpusTest, AnEmptyControlType) {
  const TemporaryFolder empty;
  std::filesystem::create_directories(empty.path() / "sys/class/powercap/intel-rapl");
  EXPECT_THAT(ListCpus(empty.path()),
              IsError(ErrorCode::kNotFound, "expected a zone intel-rapl:N named package-N, found none"));
}

TEST(ListCpusTest, ThePauseFollowsTheSmallestCounter) {
  EXPECT_NEAR(ListCpus(PowercapTree("one_socket_dram").root()).value().longest_pause.value(), 65.712999613 / 2, 1e-9);
  const PowercapTree tree("two_sockets_dram");
  tree.Write("intel-rapl:1", "max_energy_range_uj", "90000000000\n");
  EXPECT_NEAR(ListCpus(tree.root()).value().longest_pause.value(), 65.712999613 / 2, 1e-9);
  EXPECT_NEAR(ListCpus(PowercapTree("two_dies").root()).value().longest_pause.value(), 262.14332885 / 2, 1e-9);
}

/// Something wrong with a file of the first of two packages, and what is said of it.
struct BadFile {
  const char* name;
  const char* file;
  const char* content;
  const char* message;

  friend void PrintTo(const BadFile& bad, std::ostream* out) { *out << bad.name; }
};

class BadPackageTest : public ::testing::TestWithParam<BadFile> {};

TEST_P(BadPackageTest, IsToldAndDoesNotHideTheOther) {
  const PowercapTree tree("two_sockets_dram");
  tree.Write("intel-rapl:0", GetParam().file, GetParam().content);
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  EXPECT_THAT(Names(list), ElementsAre("1 package-1"));
  ASSERT_THAT(list.problems, SizeIs(1));
  EXPECT_EQ(list.problems[0].code, ErrorCode::kInvalidData);
  EXPECT_THAT(list.problems[0].message, EndsWith(GetParam().message));
  EXPECT_THAT(list.problems[0].message, HasSubstr(std::string("intel-rapl:0/") + GetParam().file));
}

TEST_P(BadPackageTest, OfDramTakesOnlyTheDram) {
  const PowercapTree tree("two_sockets_dram");
  tree.Write("intel-rapl:0:0", GetParam().file, GetParam().content);
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  EXPECT_THAT(Names(list), ElementsAre("0 package-0", "1 package-1"));
  EXPECT_FALSE(list.cpus[0]->has_dram());
  EXPECT_TRUE(list.cpus[1]->has_dram());
  ASSERT_THAT(list.problems, SizeIs(1));
  EXPECT_THAT(list.cpus[0]->info().why_no_dram, EndsWith(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadPackageTest,
    ::testing::Values(BadFile{"Empty", "energy_uj", "", "energy_uj: expected a whole number, found nothing"},
                      BadFile{"OnlyALineEnd", "energy_uj", "\n", "energy_uj: expected a whole number, found nothing"},
                      BadFile{"Text", "energy_uj", "unavailable\n",
                              "energy_uj: expected a whole number, found \"unavailable\""},
                      BadFile{"Negative", "energy_uj", "-5\n", "energy_uj: expected a whole number, found \"-5\""},
                      BadFile{"Fraction", "energy_uj", "1.5\n", "energy_uj: expected a whole number, found \"1.5\""},
                      BadFile{"TwoNumbers", "energy_uj", "1\n2\n", "energy_uj: expected a whole number, found \"1?2\""},
                      BadFile{"Huge", "energy_uj", "99999999999999999999999\n",
                              "energy_uj: expected a whole number, found \"99999999999999999999999\""},
                      BadFile{"Binary", "energy_uj", "\x01\xff\n", "energy_uj: expected a whole number, found \"??\""},
                      BadFile{"RangeOfNothing", "max_energy_range_uj", "0\n",
                              "max_energy_range_uj: expected the counter's largest value in microjoules, found 0"},
                      BadFile{"RangeOfAll", "max_energy_range_uj", "18446744073709551615\n",
                              "expected the counter's largest value in microjoules, found 18446744073709551615"},
                      BadFile{"RangeOfText", "max_energy_range_uj", "much\n",
                              "max_energy_range_uj: expected a whole number, found \"much\""},
                      BadFile{"NoName", "name", "", "name: expected a name, found nothing"}),
    [](const auto& bad) { return std::string(bad.param.name); });

TEST(ListCpusTest, AMissingCounter) {
  for (const char* const file : {"energy_uj", "max_energy_range_uj", "name"}) {
    const PowercapTree tree("two_sockets_dram");
    std::filesystem::remove(tree.File("intel-rapl:0", file));
    ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
    EXPECT_THAT(Names(list), ElementsAre("1 package-1"));
    ASSERT_THAT(list.problems, SizeIs(1));
    EXPECT_THAT(list.problems[0].message, EndsWith(std::string(file) + ": No such file or directory"));
  }
}

TEST(ListCpusTest, AFolderInThePlaceOfACounter) {
  const PowercapTree tree("two_sockets_dram");
  std::filesystem::remove(tree.File("intel-rapl:0", "energy_uj"));
  std::filesystem::create_directory(tree.File("intel-rapl:0", "energy_uj"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  ASSERT_THAT(list.problems, SizeIs(1));
  EXPECT_THAT(list.problems[0].message, EndsWith("intel-rapl:0/energy_uj: expected a file, found a folder"));
  EXPECT_THAT(list.cpus, SizeIs(1));
}

TEST(ListCpusTest, ANamedPipeInThePlaceOfACounterDoesNotHang) {
  const PowercapTree tree("two_sockets_dram");
  const std::filesystem::path file = tree.File("intel-rapl:0", "energy_uj");
  std::filesystem::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  ASSERT_THAT(list.problems, SizeIs(1));
  EXPECT_THAT(list.problems[0].message, EndsWith("energy_uj: expected a file, found something else"));
}

TEST(ListCpusTest, ALoopOfLinks) {
  const PowercapTree tree("two_sockets_dram");
  std::filesystem::remove(tree.File("intel-rapl:0", "energy_uj"));
  std::filesystem::create_symlink("energy_uj", tree.File("intel-rapl:0", "energy_uj"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const CpuList list, ListCpus(tree.root()));
  ASSERT_THAT(list.problems, SizeIs(1));
  EXPECT_EQ(list.problems[0].code, ErrorCode::kUnavailable);
  EXPECT_THAT(list.problems[0].message, EndsWith("energy_uj: Too many levels of symbolic links"));
  EXPECT_THAT(list.cpus, SizeIs(1));
}

TEST(ListCpusTest, AFileWithoutPermission) {
  const PowercapTree tree("two_sockets_dram");
  for (const char* const zone : {"intel-rapl:0", "intel-rapl:0:0"}) {
    std::filesystem::permissions(tree.File(zone, "energy_uj"), std::filesystem::perms::owner_write);
  }
  std::filesystem::permissions(tree.root(), std::filesystem::perms::others_read | std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  // Root may read anything: a child that is nobody does the reading, and tells by its exit status.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    const bool is_root = ::geteuid() == 0;
    if (is_root && (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
                    ::setresuid(kNobody, kNobody, kNobody) != 0)) {
      ::_exit(2);
    }
    const Result<CpuList> list = ListCpus(tree.root());
    const bool as_expected =
        list && list->cpus.size() == 1 && list->cpus[0]->info().index == 1 && list->problems.size() == 1 &&
        list->problems[0].code == ErrorCode::kPermissionDenied &&
        list->problems[0].message.ends_with(
            "intel-rapl:0/energy_uj: permission denied: since Linux 5.10 only root may read energy counters; run as "
            "root, or give this user read permission on energy_uj");
    const std::vector<Error> problems = list ? list->problems : std::vector<Error>{list.error()};
    for (const Error& each : problems) {
      if (!as_expected) static_cast<void>(std::fprintf(stderr, "%s\n", each.message.c_str()));
    }
    ::_exit(as_expected ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "root here may not become another user";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace zeus
