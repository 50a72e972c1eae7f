#include "apps/zeus/trace_describe_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "apps/zeus/table.h"
#include "zeus/base/json_fields.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

std::vector<double> Values(const std::vector<Watts>& quantities) {
  std::vector<double> values;
  for (const Watts each : quantities) values.push_back(each.value());
  return values;
}

// All of a short list; of a long one the first, the last and how many.
template <class Number>
std::string ListText(const std::vector<Number>& numbers) {
  constexpr size_t kShort = 5;
  if (numbers.empty()) return "-";
  if (numbers.size() <= kShort) return fmt::format("{}", fmt::join(numbers, ", "));
  return fmt::format("{}, {}, … {} ({})", numbers[0], numbers[1], numbers.back(), numbers.size());
}

// One number where all are the same.
std::string RangeText(std::vector<size_t> counts) {
  if (counts.empty()) return "-";
  const auto [least, most] = std::ranges::minmax(counts);
  return least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most);
}

std::string GpusText(const TraceSummary& summary, const Console& console) {
  Table table({{"gpu", Align::kLeft}, {"power limits (W)", Align::kLeft}, {"rows"}});
  for (const TracedPowerSummary& gpu : summary.gpus) {
    table.AddRow({gpu.gpu, ListText(Values(gpu.power_limits)), std::to_string(gpu.rows)});
  }
  return table.ToText(console);
}

std::string WorkloadsText(const TraceSummary& summary, const Console& console) {
  Table table({{"workload", Align::kLeft},
               {"batch sizes trained", Align::kLeft},
               {"runs of each"},
               {"learning rates", Align::kLeft}});
  for (const WorkloadSummary& workload : summary.workloads) {
    std::vector<int64_t> batch_sizes;
    std::vector<size_t> runs;
    std::vector<double> learning_rates;
    for (const BatchSizeSummary& each : workload.batch_sizes) {
      batch_sizes.push_back(each.batch_size);
      runs.push_back(each.runs);
      learning_rates.insert(learning_rates.end(), each.learning_rates.begin(), each.learning_rates.end());
    }
    std::ranges::sort(learning_rates);
    const auto rest = std::ranges::unique(learning_rates);
    learning_rates.erase(rest.begin(), rest.end());
    table.AddRow({ToText(workload.workload), ListText(batch_sizes), RangeText(runs), ListText(learning_rates)});
  }
  return table.ToText(console);
}

// What was recorded of each workload on each GPU.
std::string PowerText(const TraceSummary& summary, const Console& console) {
  std::vector<Table::Column> columns = {{"batch sizes x power limits on", Align::kLeft}};
  for (const TracedPowerSummary& gpu : summary.gpus) columns.push_back({gpu.gpu});
  Table table(std::move(columns));
  for (const WorkloadSummary& workload : summary.workloads) {
    std::vector<std::string> cells = {ToText(workload.workload)};
    for (const TracedPowerSummary& gpu : summary.gpus) {
      const auto found = std::ranges::find(workload.gpus, gpu.gpu, &TracedPowerSummary::gpu);
      cells.push_back(found == workload.gpus.end()
                          ? "-"
                          : fmt::format("{} x {}", found->batch_sizes.size(), found->power_limits.size()));
    }
    table.AddRow(std::move(cells));
  }
  return table.ToText(console);
}

std::string TargetsText(const TraceSummary& summary, const Console& console) {
  Table table({{"target metrics of", Align::kLeft},
               {"all runs reach", Align::kLeft},
               {"some runs reach", Align::kLeft},
               {"none reaches", Align::kLeft}});
  for (const WorkloadSummary& workload : summary.workloads) {
    if (workload.targets.empty()) continue;
    std::vector<double> all;
    std::vector<std::string> some;
    std::vector<double> none;
    for (const TargetSummary& target : workload.targets) {
      if (target.reached == target.runs) {
        all.push_back(target.target_metric);
      } else if (target.reached == 0) {
        none.push_back(target.target_metric);
      } else {
        some.push_back(fmt::format("{} ({} of {})", target.target_metric, target.reached, target.runs));
      }
    }
    table.AddRow({ToText(workload.workload), ListText(all),
                  some.empty() ? "-" : fmt::format("{}", fmt::join(some, ", ")), ListText(none)});
  }
  return table.rows() > 0 ? table.ToText(console) : "";
}

std::string JobsText(const TraceSummary& summary, const Console& console) {
  Table table({{"named job", Align::kLeft}, {"target metric"}, {"max epochs"}, {"b0"}, {"learning rate"}});
  for (const JobIdentity& job : summary.jobs) {
    table.AddRow({ToText(job.workload), ShortestTextWhole(job.target_metric), std::to_string(job.max_epochs),
                  std::to_string(job.default_batch_size),
                  job.default_learning_rate ? ShortestTextWhole(*job.default_learning_rate) : "-"});
  }
  return table.ToText(console);
}

std::string GroupsText(const TraceSummary& summary, const Console& console) {
  Table table({{"groups file", Align::kLeft},
               {"groups"},
               {"submissions"},
               {"span"},
               {"overlapping"},
               {"data sets", Align::kLeft}});
  for (const GroupsSummary& groups : summary.groups) {
    table.AddRow({groups.file.filename().string(), std::to_string(groups.groups), std::to_string(groups.submissions),
                  SecondsText((groups.last_end - groups.first_start).value()), PercentText(groups.overlapping),
                  fmt::format("{}", fmt::join(groups.datasets, ", "))});
  }
  return table.ToText(console);
}

Json ToJson(const TracedPowerSummary& gpu) {
  return {{"gpu", gpu.gpu},
          {"batch_sizes", gpu.batch_sizes},
          {"power_limits_W", Values(gpu.power_limits)},
          {"rows", gpu.rows}};
}

Json ToJson(const WorkloadSummary& workload) {
  Json json = {{"dataset", workload.workload.dataset},
               {"network", workload.workload.network},
               {"optimizer", workload.workload.optimizer},
               {"batch_sizes", Json::array()},
               {"targets", Json::array()},
               {"gpus", Json::array()}};
  for (const BatchSizeSummary& each : workload.batch_sizes) {
    json["batch_sizes"].push_back(
        {{"batch_size", each.batch_size}, {"runs", each.runs}, {"learning_rates", NumbersToJson(each.learning_rates)}});
  }
  for (const TargetSummary& each : workload.targets) {
    json["targets"].push_back({{"target_metric", each.target_metric}, {"runs", each.runs}, {"reached", each.reached}});
  }
  for (const TracedPowerSummary& each : workload.gpus) json["gpus"].push_back(ToJson(each));
  return json;
}

Json ToJson(const GroupsSummary& groups) {
  return {{"file", groups.file.string()},
          {"datasets", groups.datasets},
          {"groups", groups.groups},
          {"submissions", groups.submissions},
          {"first_start_s", groups.first_start.value()},
          {"last_end_s", groups.last_end.value()},
          {"overlapping", groups.overlapping}};
}

Json ToJson(const JobIdentity& job) {
  return {{"dataset", job.workload.dataset},
          {"network", job.workload.network},
          {"optimizer", job.workload.optimizer},
          {"target_metric", job.target_metric},
          {"max_epochs", job.max_epochs},
          {"default_batch_size", job.default_batch_size},
          {"default_learning_rate", job.default_learning_rate ? Json(*job.default_learning_rate) : Json()}};
}

template <class Each>
Json ListToJson(const std::vector<Each>& all) {
  Json list = Json::array();
  for (const Each& each : all) list.push_back(ToJson(each));
  return list;
}

}  // namespace

std::string DescribeText(const std::vector<TraceSummary>& summaries, const Console& console) {
  std::string text;
  for (const TraceSummary& summary : summaries) {
    std::vector<std::string> blocks;
    if (!summary.folder.empty()) blocks.push_back(console.Styled(Style::kBold, summary.folder.string()) + "\n");
    if (!summary.gpus.empty()) blocks.push_back(GpusText(summary, console));
    if (!summary.workloads.empty()) {
      blocks.push_back(WorkloadsText(summary, console));
      if (!summary.gpus.empty()) blocks.push_back(PowerText(summary, console));
      blocks.push_back(TargetsText(summary, console));
    }
    if (!summary.jobs.empty()) blocks.push_back(JobsText(summary, console));
    if (!summary.groups.empty()) blocks.push_back(GroupsText(summary, console));
    for (const std::string& block : blocks) {
      if (block.empty()) continue;
      text += text.empty() ? block : "\n" + block;
    }
  }
  return text;
}

std::string DescribeJson(const std::vector<TraceSummary>& summaries) {
  Json document;
  document["traces"] = Json::array();
  for (const TraceSummary& summary : summaries) {
    document["traces"].push_back({{"folder", summary.folder.empty() ? Json() : Json(summary.folder.string())},
                                  {"gpus", ListToJson(summary.gpus)},
                                  {"workloads", ListToJson(summary.workloads)},
                                  {"jobs", ListToJson(summary.jobs)},
                                  {"groups", ListToJson(summary.groups)}});
  }
  return document.dump(2) + "\n";
}

}  // namespace zeus
