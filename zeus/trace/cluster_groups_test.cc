#include "zeus/trace/cluster_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/text_file.h"
#include "zeus/trace/xz.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;
using testing::TemporaryFolder;

constexpr std::string_view kHeader = "group,start_time,end_time,dataset,runtime_ratio\n";
constexpr auto kInvalid = ErrorCode::kInvalidData;

struct Parsed {
  explicit Parsed(std::string_view rows, std::string_view header = kHeader) {
    const std::string text = std::string(header).append(rows);
    Problems problems;
    groups = ParseClusterGroups(text, "groups.csv", &problems);
    for (const Problem& problem : problems) messages.push_back(ToText(problem));
  }

  std::vector<ClusterGroup> groups;
  std::vector<std::string> messages;
};

std::string Good() {
  return std::string(kHeader) + "0f,1.5,20,cifar100,0.9\n0a,0,10,squad,1.25\n0f,30,31,cifar100,1.1\n";
}

std::vector<double> Starts(const ClusterGroup& group) {
  std::vector<double> starts;
  for (const Submission& submission : group.submissions) starts.push_back(submission.start.value());
  return starts;
}

std::vector<double> Ratios(const ClusterGroup& group) {
  std::vector<double> ratios;
  for (const Submission& submission : group.submissions) ratios.push_back(submission.runtime_ratio);
  return ratios;
}

TEST(ClusterGroupsTest, ReadsGroupsSortedByName) {
  const Parsed parsed(Good(), "");
  EXPECT_THAT(parsed.messages, IsEmpty());
  ASSERT_EQ(parsed.groups.size(), 2U);
  EXPECT_EQ(parsed.groups[0].name, "0a");
  EXPECT_EQ(parsed.groups[0].dataset, "squad");
  EXPECT_EQ(parsed.groups[1].name, "0f");
  ASSERT_EQ(parsed.groups[1].submissions.size(), 2U);
  EXPECT_EQ(parsed.groups[1].submissions[0].start, Seconds(1.5));
  EXPECT_EQ(parsed.groups[1].submissions[0].end, Seconds(20));
  EXPECT_EQ(parsed.groups[1].submissions[0].runtime_ratio, 0.9);
}

TEST(ClusterGroupsTest, SortsSubmissionsByStartAndKeepsTheFilesOrderOfEqualOnes) {
  const Parsed parsed("g,5,9,squad,1\ng,1,9,squad,2\ng,5,7,squad,3\ng,-2,0,squad,4\n");
  ASSERT_EQ(parsed.groups.size(), 1U);
  EXPECT_THAT(Starts(parsed.groups[0]), ElementsAre(-2, 1, 5, 5));
  EXPECT_THAT(Ratios(parsed.groups[0]), ElementsAre(4, 2, 1, 3));
}

TEST(ClusterGroupsTest, TextWhereANumberBelongsIsNamedByItsPlace) {
  EXPECT_THAT(Parsed("g,then,9,squad,1\ng,1,later,squad,1\ng,1,2,squad,slow\ng,1,2,squad,0\n,1,2,,1\n").messages,
              ElementsAre("groups.csv:2:3: start_time: expected a number, found \"then\"",
                          "groups.csv:3:5: end_time: expected a number, found \"later\"",
                          "groups.csv:4:13: runtime_ratio: expected a number above 0, found \"slow\"",
                          "groups.csv:5:13: runtime_ratio: expected a number above 0, found \"0\"",
                          "groups.csv:6:1: group: expected a name, found nothing",
                          "groups.csv:6:6: dataset: expected a name, found nothing"));
}

TEST(ClusterGroupsTest, AnEndBeforeTheStartIsReported) {
  const Parsed parsed("g,10,9.5,squad,1\ng,10,10,squad,1\n");
  EXPECT_THAT(parsed.messages, ElementsAre("groups.csv:2:6: end_time: ends before it starts, at 10"));
  EXPECT_THAT(Starts(parsed.groups.at(0)), ElementsAre(10)) << "a submission may end when it starts";
}

TEST(ClusterGroupsTest, AGroupHasOneDataset) {
  const Parsed parsed("g,1,2,squad,1\nh,1,2,cifar100,1\ng,3,4,cifar100,1\n");
  EXPECT_THAT(parsed.messages, ElementsAre("groups.csv:4:7: dataset: \"cifar100\", but earlier rows of group g have "
                                           "\"squad\""));
}

TEST(ClusterGroupsTest, AFileWithoutRowsIsAProblem) {
  EXPECT_THAT(Parsed("").messages, ElementsAre("groups.csv: the file has no rows"));
  EXPECT_EQ(Parsed("", "group,start_time,end_time\n").messages.size(), 2U);
}

TEST(ClusterGroupsTest, WritesWhatItReads) {
  const std::string text = std::string(kHeader) +
                           "\"a,b\",-1.0,2.5,squad,1.0\n\"a,b\",3.0,3.0,squad,0.9085110308642261\n"
                           "c,684179.0,684542.4,cifar100,1e-05\n";
  EXPECT_EQ(ToCsv(Parsed(text, "").groups), text);
}

TEST(ClusterGroupsFileTest, ReadsPlainAndCompressedFilesAlike) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string compressed, CompressXz(Good()));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto plain, ReadClusterGroups(folder.Write("groups.csv", Good())));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto packed, ReadClusterGroups(folder.Write("groups.csv.xz", compressed)));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto renamed, ReadClusterGroups(folder.Write("packed.csv", compressed)));
  EXPECT_EQ(ToCsv(packed), ToCsv(plain));
  EXPECT_EQ(ToCsv(renamed), ToCsv(plain));
}

TEST(ClusterGroupsFileTest, ATruncatedXzFileIsRefused) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string compressed, CompressXz(Good()));
  for (const size_t size : {size_t{6}, size_t{12}, compressed.size() / 2, compressed.size() - 1}) {
    const std::filesystem::path path = folder.Write("groups.csv.xz", compressed.substr(0, size));
    EXPECT_THAT(ReadClusterGroups(path), IsError(kInvalid, path.string() + ": cannot decompress: it is cut off"));
  }
}

TEST(ClusterGroupsFileTest, ADamagedXzFileIsRefused) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(std::string compressed, CompressXz(Good()));
  compressed[compressed.size() / 2] ^= 0x10;
  const std::filesystem::path path = folder.Write("groups.csv.xz", compressed);
  EXPECT_THAT(ReadClusterGroups(path), IsError(kInvalid, path.string() + ": cannot decompress: it is damaged"));
}

TEST(ClusterGroupsFileTest, WhatIsNamedXzMustBeXz) {
  const TemporaryFolder folder;
  for (const std::string& content : {Good(), std::string()}) {
    const std::filesystem::path path = folder.Write("groups.csv.xz", content);
    EXPECT_THAT(ReadClusterGroups(path), IsError(kInvalid, path.string() + ": is named .xz but is not an .xz file"));
  }
}

TEST(ClusterGroupsFileTest, BadContentIsNamedByFileAndPlaceAlsoInsideXz) {
  const TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string bad_row, CompressXz(Good() + "g,x,2,squad,1\n"));
  const std::filesystem::path row = folder.Write("row.csv.xz", bad_row);
  EXPECT_THAT(ReadClusterGroups(row), IsError(kInvalid, row.string() + ":5:3: start_time: expected a number"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string bad_text, CompressXz(Good() + "g\x80"));
  const std::filesystem::path text = folder.Write("text.csv.xz", bad_text);
  EXPECT_THAT(ReadClusterGroups(text), IsError(kInvalid, text.string() + ":5:2: byte 0x80 is not UTF-8 text"));
}

TEST(ClusterGroupsFileTest, AMissingFileIsNotFound) {
  const TemporaryFolder folder;
  const std::filesystem::path absent = folder.path() / "absent.csv";
  EXPECT_THAT(ReadClusterGroups(absent), IsError(ErrorCode::kNotFound, absent.string() + ": cannot open"));
}

TEST(ClusterGroupsFileTest, ThePublishedGroupsAreTheSamePackedAndPlain) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  const std::filesystem::path golden = testing::SharedFolder() / "golden";
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto plain, ReadClusterGroups(golden / "cluster_groups.csv"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto packed, ReadClusterGroups(golden / "cluster_groups.csv.xz"));
  EXPECT_EQ(plain.size(), 18U);
  EXPECT_EQ(ToCsv(packed), ToCsv(plain));
}

}  // namespace
}  // namespace zeus
