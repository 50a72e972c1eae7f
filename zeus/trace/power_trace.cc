#include "zeus/trace/power_trace.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <tuple>

#include "zeus/base/number_text.h"
#include "zeus/base/text_file.h"
#include "zeus/trace/csv_reader.h"
#include "zeus/trace/csv_text.h"
#include "zeus/trace/duplicate_rows.h"

namespace zeus {
namespace {

constexpr std::array<std::string_view, 7> kColumns = {"dataset",     "network",        "batch_size",   "optimizer",
                                                      "power_limit", "time_per_epoch", "average_power"};
enum Column { kDataset, kNetwork, kBatchSize, kOptimizer, kPowerLimit, kTimePerEpoch, kAveragePower };

}  // namespace

PowerTrace ParsePowerTrace(std::string_view text, const std::string& source, Problems* problems) {
  PowerTrace trace;
  std::vector<size_t> lines;
  CsvReader csv(text, source, kColumns, problems);
  const size_t header_problems = problems->size();
  while (csv.Next()) {
    const size_t problems_before = problems->size();
    PowerRow row;
    const std::string_view dataset = csv.Text(kDataset);
    const std::string_view network = csv.Text(kNetwork);
    const std::string_view optimizer = csv.Text(kOptimizer);
    row.batch_size = csv.PositiveInteger(kBatchSize).value_or(0);
    row.power_limit = Watts(csv.PositiveNumber(kPowerLimit).value_or(0));
    row.time_per_epoch = Seconds(csv.PositiveNumber(kTimePerEpoch).value_or(0));
    row.average_power = Watts(csv.PositiveNumber(kAveragePower).value_or(0));
    if (problems->size() > problems_before) continue;
    row.workload = trace.workloads.Intern(dataset, network, optimizer);
    trace.rows.push_back(row);
    lines.push_back(csv.line());
  }
  if (trace.rows.empty() && problems->size() == header_problems && header_problems == 0) {
    problems->push_back({.source = source, .line = 0, .column = 0, .message = "the file has no rows"});
  }
  ReportDuplicateRows(
      source, lines,
      [&](size_t i) {
        const PowerRow& row = trace.rows[i];
        return std::tuple(row.workload, row.batch_size, row.power_limit);
      },
      "another row for the same job, batch size and power limit", problems);
  return trace;
}

Result<PowerTrace> ReadPowerTrace(const std::filesystem::path& path) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  Problems problems;
  PowerTrace trace = ParsePowerTrace(text, path.string(), &problems);
  ZEUS_RETURN_IF_ERROR(ToResult(problems));
  return trace;
}

std::string ToCsv(const PowerTrace& trace) {
  std::string csv = fmt::format("{}\n", fmt::join(kColumns, ","));
  for (const PowerRow& row : trace.rows) {
    const Workload& workload = trace.workloads[row.workload];
    fmt::format_to(std::back_inserter(csv), "{},{},{},{},{},{},{}\n", CsvField(workload.dataset),
                   CsvField(workload.network), row.batch_size, CsvField(workload.optimizer),
                   ShortestTextWhole(row.power_limit.value()), ShortestText(row.time_per_epoch.value()),
                   ShortestText(row.average_power.value()));
  }
  return csv;
}

}  // namespace zeus
