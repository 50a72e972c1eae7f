#include "zeus/trace/workload_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <iterator>

#include "zeus/base/number_text.h"
#include "zeus/base/text_file.h"
#include "zeus/trace/csv_reader.h"
#include "zeus/trace/csv_text.h"
#include "zeus/trace/duplicate_rows.h"

namespace zeus {
namespace {

constexpr std::array<std::string_view, 7> kColumns = {
    "dataset", "network", "optimizer", "target_metric", "max_epochs", "default_batch_size", "default_learning_rate"};
enum Column { kDataset, kNetwork, kOptimizer, kTargetMetric, kMaxEpochs, kDefaultBatchSize, kDefaultLearningRate };

}  // namespace

std::vector<JobIdentity> ParseWorkloadList(std::string_view text, const std::string& source, Problems* problems) {
  std::vector<JobIdentity> jobs;
  std::vector<size_t> lines;
  CsvReader csv(text, source, kColumns, problems);
  while (csv.Next()) {
    const size_t problems_before = problems->size();
    JobIdentity job;
    job.workload.dataset = csv.Text(kDataset);
    job.workload.network = csv.Text(kNetwork);
    job.workload.optimizer = csv.Text(kOptimizer);
    job.target_metric = csv.Number(kTargetMetric).value_or(0);
    job.max_epochs = csv.PositiveInteger(kMaxEpochs).value_or(1);
    job.default_batch_size = csv.PositiveInteger(kDefaultBatchSize).value_or(1);
    if (!csv.Field(kDefaultLearningRate).empty()) job.default_learning_rate = csv.PositiveNumber(kDefaultLearningRate);
    if (problems->size() > problems_before) continue;
    jobs.push_back(std::move(job));
    lines.push_back(csv.line());
  }
  ReportDuplicateRows(
      source, lines, [&](size_t i) { return jobs[i].workload.dataset; }, "another job of the same data set", problems);
  return jobs;
}

Result<std::vector<JobIdentity>> ReadWorkloadList(const std::filesystem::path& path) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  Problems problems;
  std::vector<JobIdentity> jobs = ParseWorkloadList(text, path.string(), &problems);
  ZEUS_RETURN_IF_ERROR(ToResult(problems));
  return jobs;
}

std::string ToCsv(const std::vector<JobIdentity>& jobs) {
  std::string csv = fmt::format("{}\n", fmt::join(kColumns, ","));
  for (const JobIdentity& job : jobs) {
    fmt::format_to(std::back_inserter(csv), "{},{},{},{},{},{},{}\n", CsvField(job.workload.dataset),
                   CsvField(job.workload.network), CsvField(job.workload.optimizer), ShortestText(job.target_metric),
                   job.max_epochs, job.default_batch_size,
                   job.default_learning_rate ? ShortestText(*job.default_learning_rate) : "");
  }
  return csv;
}

}  // namespace zeus
