#include "capriccio/slicer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "capriccio/output_folder.h"
#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/numpy_generator.h"

namespace zeus::capriccio {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::TemporaryFolder;

using Files = std::map<std::string, std::string>;

Files FilesIn(const std::filesystem::path& folder) {
  Files files;
  for (const auto& each : std::filesystem::directory_iterator(folder)) {
    std::ostringstream content;
    if (each.is_regular_file()) content << std::ifstream(each.path(), std::ios::binary).rdbuf();
    files[each.path().filename().string()] = content.str();
  }
  return files;
}

std::vector<std::string> NamesIn(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& [name, content] : FilesIn(folder)) names.push_back(name);
  return names;
}

// A row of a made-up text: a day and a second of it, and what it says.
struct Said {
  int64_t day;
  int64_t second;
  std::string text;
};

std::string Csv(const std::vector<Said>& rows) {
  std::string csv;
  for (const Said& row : rows) {
    csv += fmt::format("{},{},{}\n", row.text, row.day * kSecondsPerDay + row.second, row.text.size());
  }
  return csv;
}

SlicingJob JobOf(const std::string& text, const std::filesystem::path& out, const SliceOptions& slices) {
  SlicingJob job;
  job.source = "file";
  job.read = [&text, at = size_t{0}](char* buffer, size_t size) mutable -> Result<size_t> {
    const size_t count = std::min({size_t{1000}, size, text.size() - at});
    std::memcpy(buffer, text.data() + at, count);
    at += count;
    return count;
  };
  job.layout = {.columns = {"text", "when", "length"}, .label = "length", .date = "when", .date_format = "%s"};
  job.slices = slices;
  job.out = out;
  return job;
}

// What the slices of such rows must be, without any cleverness.
Files Expected(const std::vector<Said>& unsorted, const SliceOptions& options) {
  const auto when = [](const Said& row) { return std::pair(row.day, row.second); };
  std::vector<Said> rows;
  for (const Said& row : unsorted) rows.insert(std::ranges::upper_bound(rows, when(row), {}, when), row);
  Files files;
  int number = 0;
  for (int64_t day = options.start; day < 1000; day += options.stride) {
    const auto first = std::ranges::find_if(rows, [&](const Said& row) { return row.day >= day; });
    if (first == rows.end() || first->day != day) continue;
    if (rows.end() - first < static_cast<int64_t>(options.window)) break;
    std::vector<uint64_t> order(options.window);
    NumpyGenerator(options.seed).ChooseWithoutReplacement(options.window, order);
    ++number;
    std::string& train = files[fmt::format("{}_train.json", number)];
    std::string& validation = files[fmt::format("{}_val.json", number)];
    for (size_t i = 0; i < order.size(); ++i) {
      const Said& row = first[static_cast<std::ptrdiff_t>(order[i])];
      (i < options.TrainRows() ? train : validation) +=
          fmt::format("{{\"text\":\"{}\",\"when\":\"{}\",\"label\":\"{}\"}}\n", row.text,
                      row.day * kSecondsPerDay + row.second, row.text.size());
    }
  }
  return files;
}

TEST(SlicerProperties, EveryWindowIsWhatANaiveSlicerMakes) {
  EXPECT_TRUE(rc::check([] {
    SliceOptions options;
    options.window = *rc::gen::inRange<uint64_t>(2, 40);
    options.stride = *rc::gen::inRange<int64_t>(1, 4);
    options.start = *rc::gen::inRange<int64_t>(-2, 6);
    options.train_share = 0.5;
    options.seed = *rc::gen::inRange<uint64_t>(0, 100);
    // At least a window's rows on the day of the start, and others around it in any order.
    std::vector<Said> rows;
    for (uint64_t i = 0; i < options.window; ++i) rows.push_back({options.start, 7, fmt::format("s{}", i)});
    const size_t others = *rc::gen::inRange<size_t>(0, 150);
    for (size_t i = 0; i < others; ++i) {
      rows.push_back({*rc::gen::inRange<int64_t>(-3, 12), *rc::gen::inRange<int64_t>(0, 5),
                      std::string(*rc::gen::inRange<size_t>(1, 30), static_cast<char>('a' + i % 26))});
    }
    const TemporaryFolder folder;
    const std::string csv = Csv(rows);
    SlicingJob job = JobOf(csv, folder.path() / "out", options);
    // From a run for each row, which are merged more than once, to all in memory.
    job.sort_memory = *rc::gen::element<size_t>(1, 200, 1 << 20);
    size_t planned = 0;
    size_t written = 0;
    const auto slicing =
        SliceText(job, {.planned = [&](size_t slices) { planned = slices; }, .written = [&] { ++written; }});
    RC_ASSERT(slicing.has_value());
    const Files expected = Expected(rows, options);
    RC_ASSERT(FilesIn(folder.path() / "out") == expected);
    RC_ASSERT(planned == slicing->slices.size() && written == planned && 2 * planned == expected.size());
    RC_ASSERT(slicing->rows == rows.size());
    uint64_t end_before = 0;
    for (const Slice& slice : slicing->slices) {
      RC_ASSERT(slice.train_rows + slice.validation_rows == options.window);
      const uint64_t shared = end_before > slice.window.first_row ? end_before - slice.window.first_row : 0;
      RC_ASSERT(slice.window.overlap == shared);
      end_before = slice.window.first_row + options.window;
    }
  }));
}

// `days` days from 0 of ten rows each.
std::string TenADay(int64_t days) {
  std::vector<Said> rows;
  for (int64_t i = 0; i < 10 * days; ++i) rows.push_back({i / 10, i % 10, fmt::format("row{}", i)});
  return Csv(rows);
}

TEST(SlicerTest, TellsDatesSizesAndOverlap) {
  const TemporaryFolder folder;
  const std::string csv = TenADay(5);
  const auto slicing = SliceText(JobOf(csv, folder.path(), {.window = 30, .start = 1, .train_share = 0.85}), {});
  ASSERT_THAT(slicing, IsOk());
  EXPECT_EQ(slicing->rows, 50U);
  ASSERT_EQ(slicing->slices.size(), 2U);
  EXPECT_EQ(TimeText(slicing->slices[0].first), "1970-01-02T00:00:00");
  EXPECT_EQ(TimeText(slicing->slices[0].last), "1970-01-04T00:00:09");
  EXPECT_EQ(slicing->slices[0].window.overlap, 0U);
  EXPECT_EQ(slicing->slices[1].window.overlap, 20U);
  EXPECT_EQ(slicing->slices[0].train_rows, 26U);  // 25.5 is rounded.
  EXPECT_EQ(slicing->slices[0].validation_rows, 4U);
}

TEST(SlicerTest, OldSlicesStayUnlessTheyAreReplaced) {
  const TemporaryFolder folder;
  const auto notes = folder.Write("notes.json", "mine");
  const auto old = folder.Write("7_val.json", "old");
  const std::string csv = TenADay(3);
  SlicingJob job = JobOf(csv, folder.path(), {.window = 30, .start = 0});
  EXPECT_THAT(SliceText(job, {}), IsError(ErrorCode::kFailedPrecondition, "7_val.json: is there already"));
  job.old_slices = OldSlices::kReplace;
  // A run that fails leaves them, too.
  job.slices.window = 31;
  EXPECT_THAT(SliceText(job, {}), IsError(ErrorCode::kInvalidArgument, "no window of 31 rows"));
  EXPECT_THAT(NamesIn(folder.path()), ElementsAre("7_val.json", "notes.json"));
  EXPECT_THAT(SliceText(JobOf(csv, folder.path(), {.window = 30, .start = 0}), {}),
              IsError(ErrorCode::kFailedPrecondition, "7_val.json"));
  SlicingJob again = JobOf(csv, folder.path(), {.window = 30, .start = 0});
  again.old_slices = OldSlices::kReplace;
  EXPECT_THAT(SliceText(again, {}), IsOk());
  EXPECT_THAT(NamesIn(folder.path()), ElementsAre("1_train.json", "1_val.json", "notes.json"));
}

TEST(SlicerTest, WhatAKilledRunLeftIsRemoved) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "capriccio.tmp");
  const auto left = folder.Write("capriccio.tmp/3_train.json", "{\"lab");
  const std::string csv = TenADay(3);
  EXPECT_THAT(SliceText(JobOf(csv, folder.path(), {.window = 30, .start = 0}), {}), IsOk());
  EXPECT_THAT(NamesIn(folder.path()), ElementsAre("1_train.json", "1_val.json"));
}

TEST(SlicerTest, OneAtATimeInAFolder) {
  const TemporaryFolder folder;
  const auto first = OutputFolder::Open(folder.path());
  ASSERT_THAT(first, IsOk());
  const std::string csv = TenADay(3);
  EXPECT_THAT(SliceText(JobOf(csv, folder.path(), {.window = 30, .start = 0}), {}),
              IsError(ErrorCode::kUnavailable, "another process is writing slices here"));
}

TEST(SlicerTest, LeavesNothingWhenItIsStoppedAnywhere) {
  const std::string csv = TenADay(4);
  bool done = false;
  for (int most = 0; !done; ++most) {
    const TemporaryFolder folder;
    SlicingJob job = JobOf(csv, folder.path(), {.window = 10, .start = 0});
    job.sort_memory = 100;
    int looks = 0;
    const auto slicing = SliceText(job, {.stopped = [&] { return ++looks > most; }});
    done = slicing.has_value();
    if (!done) {
      EXPECT_THAT(slicing, IsError(ErrorCode::kUnavailable, "interrupted"));
    }
    for (const auto& [name, content] : FilesIn(folder.path())) {
      EXPECT_NE(name, "capriccio.tmp") << most;
      EXPECT_EQ(std::ranges::count(content, '\n'), name.ends_with("_val.json") ? 1 : 9) << most << name;
    }
    ASSERT_LT(most, 1000);
  }
}

TEST(SlicerTest, BadInput) {
  const TemporaryFolder folder;
  const std::string damaged = "text,5,1\ntext,x,1\n";
  EXPECT_THAT(SliceText(JobOf(damaged, folder.path(), {.window = 10}), {}),
              IsError(ErrorCode::kInvalidData, "file:2:6: when: expected a date like %s, found \"x\""));
  const std::string empty;
  EXPECT_THAT(SliceText(JobOf(empty, folder.path(), {.window = 10}), {}),
              IsError(ErrorCode::kInvalidData, "file: there are no rows"));
  for (const auto& [options, message] : std::vector<std::pair<SliceOptions, std::string>>{
           {{.window = 1}, "window: expected 2 to"},
           {{.stride = 0}, "stride: expected at least 1 day, found 0"},
           {{.train_share = 1}, "train_share: expected a number between 0 and 1"},
           {{.window = 3, .train_share = 0.9}, "train_share: 0.9 of a window of 3 rows leaves none to validate"},
       }) {
    EXPECT_THAT(SliceText(JobOf(empty, folder.path(), options), {}), IsError(ErrorCode::kInvalidArgument, message));
  }
  EXPECT_THAT(NamesIn(folder.path()), IsEmpty());
}

}  // namespace
}  // namespace zeus::capriccio
