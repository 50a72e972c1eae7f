#include "zeus/trace/cluster_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "zeus/base/number_text.h"
#include "zeus/base/text_file.h"
#include "zeus/trace/csv_reader.h"
#include "zeus/trace/csv_text.h"
#include "zeus/trace/xz.h"

namespace zeus {
namespace {

constexpr std::array<std::string_view, 5> kColumns = {"group", "start_time", "end_time", "dataset", "runtime_ratio"};
enum Column { kGroup, kStartTime, kEndTime, kDataset, kRuntimeRatio };

// Equal times stay in their order. Not std::stable_sort: libstdc++ 12 implements it with what it has deprecated, of
// which clang warns.
void SortByStart(std::vector<Submission>* submissions) {
  if (std::ranges::is_sorted(*submissions, {}, &Submission::start)) return;
  std::vector<std::pair<Seconds, size_t>> order;
  order.reserve(submissions->size());
  for (const Submission& submission : *submissions) order.emplace_back(submission.start, order.size());
  std::ranges::sort(order);
  std::vector<Submission> sorted;
  sorted.reserve(order.size());
  for (const auto& [start, position] : order) sorted.push_back((*submissions)[position]);
  *submissions = std::move(sorted);
}

}  // namespace

std::vector<ClusterGroup> ParseClusterGroups(std::string_view text, const std::string& source, Problems* problems) {
  std::map<std::string, ClusterGroup, std::less<>> by_name;
  CsvReader csv(text, source, kColumns, problems);
  const size_t header_problems = problems->size();
  ClusterGroup* group = nullptr;
  while (csv.Next()) {
    const size_t problems_before = problems->size();
    const std::string_view name = csv.Text(kGroup);
    const std::string_view dataset = csv.Text(kDataset);
    const Submission submission = {.start = Seconds(csv.Number(kStartTime).value_or(0)),
                                   .end = Seconds(csv.Number(kEndTime).value_or(0)),
                                   .runtime_ratio = csv.PositiveNumber(kRuntimeRatio).value_or(1)};
    if (problems->size() > problems_before) continue;
    if (submission.end < submission.start) {
      csv.Report(kEndTime, fmt::format("ends before it starts, at {}", csv.Field(kStartTime)));
      continue;
    }
    if (group == nullptr || group->name != name) {
      auto found = by_name.find(name);
      if (found == by_name.end()) {
        found = by_name.emplace(name, ClusterGroup{std::string(name), std::string(dataset), {}}).first;
      }
      group = &found->second;
    }
    if (group->dataset != dataset) {
      csv.Report(kDataset,
                 fmt::format("\"{}\", but earlier rows of group {} have \"{}\"", dataset, name, group->dataset));
      continue;
    }
    group->submissions.push_back(submission);
  }
  if (by_name.empty() && problems->size() == header_problems && header_problems == 0) {
    problems->push_back({.source = source, .line = 0, .column = 0, .message = "the file has no rows"});
  }
  std::vector<ClusterGroup> groups;
  groups.reserve(by_name.size());
  for (auto& [name, value] : by_name) {
    SortByStart(&value.submissions);
    groups.push_back(std::move(value));
  }
  return groups;
}

Result<std::vector<ClusterGroup>> ReadClusterGroups(const std::filesystem::path& path) {
  ZEUS_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
  if (IsXz(bytes)) {
    ZEUS_ASSIGN_OR_RETURN(bytes, DecompressXz(bytes, path.string(), kMaxFileBytes));
  } else if (path.extension() == ".xz") {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}: is named .xz but is not an .xz file", path.string()));
  }
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ToText(std::move(bytes), path.string()));
  Problems problems;
  std::vector<ClusterGroup> groups = ParseClusterGroups(text, path.string(), &problems);
  ZEUS_RETURN_IF_ERROR(ToResult(problems));
  return groups;
}

std::string ToCsv(const std::vector<ClusterGroup>& groups) {
  std::string csv = fmt::format("{}\n", fmt::join(kColumns, ","));
  for (const ClusterGroup& group : groups) {
    for (const Submission& submission : group.submissions) {
      fmt::format_to(std::back_inserter(csv), "{},{},{},{},{}\n", CsvField(group.name),
                     ShortestText(submission.start.value()), ShortestText(submission.end.value()),
                     CsvField(group.dataset), ShortestText(submission.runtime_ratio));
    }
  }
  return csv;
}

}  // namespace zeus
