#include "zeus/trace/train_trace.h"

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

constexpr std::array<std::string_view, 8> kColumns = {"dataset",       "network", "batch_size",    "optimizer",
                                                      "learning_rate", "run",     "target_metric", "target_epoch"};
enum Column { kDataset, kNetwork, kBatchSize, kOptimizer, kLearningRate, kRun, kTargetMetric, kTargetEpoch };

// Empty and "nan" mean that the target was never reached. Epochs may be written with a decimal point ("12.0").
bool ReadTargetEpoch(CsvReader& csv, std::optional<int64_t>* epoch) {
  const std::string_view field = csv.Field(kTargetEpoch);
  if (field.empty() || field == "nan" || field == "NaN") return true;
  const std::optional<double> number = ParseDouble(field);
  constexpr double kMost = 1e15;
  if (number && *number >= 1 && *number <= kMost && *number == static_cast<double>(static_cast<int64_t>(*number))) {
    *epoch = static_cast<int64_t>(*number);
    return true;
  }
  csv.Report(
      kTargetEpoch,
      fmt::format("expected a whole number of epochs above 0, or nothing or nan for never, found \"{}\"", field));
  return false;
}

}  // namespace

TrainTrace ParseTrainTrace(std::string_view text, const std::string& source, Problems* problems) {
  TrainTrace trace;
  std::vector<size_t> lines;
  CsvReader csv(text, source, kColumns, problems);
  const size_t header_problems = problems->size();
  while (csv.Next()) {
    const size_t problems_before = problems->size();
    TrainRow row;
    const std::string_view dataset = csv.Text(kDataset);
    const std::string_view network = csv.Text(kNetwork);
    const std::string_view optimizer = csv.Text(kOptimizer);
    row.batch_size = csv.PositiveInteger(kBatchSize).value_or(0);
    row.learning_rate = csv.PositiveNumber(kLearningRate).value_or(0);
    row.run = csv.PositiveInteger(kRun).value_or(0);
    row.target_metric = csv.Number(kTargetMetric).value_or(0);
    ReadTargetEpoch(csv, &row.target_epoch);
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
        const TrainRow& row = trace.rows[i];
        return std::tuple(row.workload, row.batch_size, row.target_metric, row.learning_rate, row.run);
      },
      "another row for the same job, batch size, learning rate, run and target metric", problems);
  return trace;
}

Result<TrainTrace> ReadTrainTrace(const std::filesystem::path& path) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  Problems problems;
  TrainTrace trace = ParseTrainTrace(text, path.string(), &problems);
  ZEUS_RETURN_IF_ERROR(ToResult(problems));
  return trace;
}

std::string ToCsv(const TrainTrace& trace) {
  std::string csv = fmt::format("{}\n", fmt::join(kColumns, ","));
  for (const TrainRow& row : trace.rows) {
    const Workload& workload = trace.workloads[row.workload];
    fmt::format_to(std::back_inserter(csv), "{},{},{},{},{},{},{},{}\n", CsvField(workload.dataset),
                   CsvField(workload.network), row.batch_size, CsvField(workload.optimizer),
                   ShortestText(row.learning_rate), row.run, ShortestText(row.target_metric),
                   row.target_epoch ? std::to_string(*row.target_epoch) : "nan");
  }
  return csv;
}

}  // namespace zeus
