#include "zeus/trace/trace_append.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>

#include "zeus/trace/workload_list.h"

namespace zeus {
namespace {

template <class Trace>
auto RowsOf(const Trace& trace, uint32_t workload, uint32_t renamed) {
  decltype(Trace::rows) rows;
  for (auto row : trace.rows) {
    if (row.workload != workload) continue;
    row.workload = renamed;
    rows.push_back(row);
  }
  return rows;
}

template <class Trace>
Result<void> AppendTrace(const Trace& added, std::string_view what, Trace* trace) {
  Trace grown = *trace;
  for (uint32_t i = 0; i < added.workloads.all().size(); ++i) {
    const Workload& workload = added.workloads[i];
    const std::optional<uint32_t> found = trace->workloads.Find(workload);
    if (!found) {
      const uint32_t index = grown.workloads.Intern(workload.dataset, workload.network, workload.optimizer);
      std::ranges::copy(RowsOf(added, i, index), std::back_inserter(grown.rows));
    } else if (RowsOf(added, i, *found) != RowsOf(*trace, *found, *found)) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("the {} trace holds {} already, and its rows differ", what, ToText(workload)));
    }
  }
  *trace = std::move(grown);
  return {};
}

// Puts new lines below old ones. `whole` is a whole file of the new lines only.
Result<std::string> JoinText(const std::string& text, const std::string& source, const std::string& whole) {
  if (text.empty()) return whole;
  const std::string header = whole.substr(0, whole.find('\n'));
  std::string_view first_line = std::string_view(text).substr(0, text.find('\n'));
  if (first_line.ends_with('\r')) first_line.remove_suffix(1);
  if (first_line != header) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: cannot be added to: its first line is not \"{}\"", source, header));
  }
  return text + (text.ends_with('\n') ? "" : "\n") + whole.substr(header.size() + 1);
}

template <class Trace, class Parse>
Result<std::string> AppendTraceToCsv(const std::string& text, const std::string& source, const Trace& added,
                                     Parse parse) {
  if (text.empty()) return ToCsv(added);
  Problems problems;
  Trace trace = parse(text, source, &problems);
  ZEUS_RETURN_IF_ERROR(ToResult(problems));
  const auto old_rows = static_cast<std::ptrdiff_t>(trace.rows.size());
  if (Result<void> appended = Append(added, &trace); !appended) {
    return Fail(appended.error().code, fmt::format("{}: {}", source, appended.error().message));
  }
  trace.rows.erase(trace.rows.begin(), trace.rows.begin() + old_rows);
  return JoinText(text, source, ToCsv(trace));
}

}  // namespace

Result<void> Append(const TrainTrace& added, TrainTrace* trace) {
  return AppendTrace(added, "train", trace);
}

Result<void> Append(const PowerTrace& added, PowerTrace* trace) {
  return AppendTrace(added, "power", trace);
}

Result<void> Append(const JobIdentity& added, std::vector<JobIdentity>* jobs) {
  const auto found =
      std::ranges::find(*jobs, added.workload.dataset, [](const JobIdentity& job) { return job.workload.dataset; });
  if (found == jobs->end()) {
    jobs->push_back(added);
    return {};
  }
  if (*found == added) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("the list of workloads holds another job for the data set \"{}\" already: {}",
                          added.workload.dataset, ToText(found->workload)));
}

Result<std::string> AppendToCsv(const std::string& text, const std::string& source, const TrainTrace& added) {
  return AppendTraceToCsv(text, source, added, ParseTrainTrace);
}

Result<std::string> AppendToCsv(const std::string& text, const std::string& source, const PowerTrace& added) {
  return AppendTraceToCsv(text, source, added, ParsePowerTrace);
}

Result<std::string> AppendToCsv(const std::string& text, const std::string& source, const JobIdentity& added) {
  std::vector<JobIdentity> jobs;
  if (!text.empty()) {
    Problems problems;
    jobs = ParseWorkloadList(text, source, &problems);
    ZEUS_RETURN_IF_ERROR(ToResult(problems));
  }
  const auto old_jobs = static_cast<std::ptrdiff_t>(jobs.size());
  if (Result<void> appended = Append(added, &jobs); !appended) {
    return Fail(appended.error().code, fmt::format("{}: {}", source, appended.error().message));
  }
  jobs.erase(jobs.begin(), jobs.begin() + old_jobs);
  return JoinText(text, source, ToCsv(jobs));
}

}  // namespace zeus
