#include "zeus/trace/history_csv.h"

#include <fmt/format.h>

#include <iterator>

#include "zeus/base/number_text.h"
#include "zeus/trace/csv_text.h"

namespace zeus {
namespace {

// bs,pl,energy_J,time_s,reached and the line's end: what both kinds of file end with.
void AppendEntry(const HistoryEntry& entry, std::string* csv) {
  fmt::format_to(std::back_inserter(*csv), "{},{},{},{},{}\n", entry.batch_size,
                 ShortestTextWhole(entry.power_limit.value()), ShortestText(entry.energy.value()),
                 ShortestText(entry.time.value()), entry.reached ? 1 : 0);
}

}  // namespace

std::string_view HistoryCsvHeader() {
  return "gpu,dataset,eta,beta,seed,rec,try,bs,pl,energy_J,time_s,reached\n";
}

std::string_view ClusterHistoryCsvHeader() {
  return "gpu,eta,beta,group,dataset,entry,bs,pl,energy_J,time_s,reached\n";
}

void AppendHistoryCsv(const HistoryRun& run, const History& history, std::string* csv) {
  const std::string prefix = fmt::format("{},{},{},{},{},", CsvField(run.gpu), CsvField(run.dataset),
                                         ShortestText(run.eta), ShortestText(run.beta), run.seed);
  for (const HistoryEntry& entry : history) {
    fmt::format_to(std::back_inserter(*csv), "{}{},{},", prefix, entry.recurrence, entry.attempt);
    AppendEntry(entry, csv);
  }
}

void AppendClusterHistoryCsv(const ClusterHistoryRun& run, const History& history, std::string* csv) {
  const std::string prefix = fmt::format("{},{},{},{},{},", CsvField(run.gpu), ShortestText(run.eta),
                                         ShortestText(run.beta), CsvField(run.group), CsvField(run.dataset));
  int64_t number = 0;
  for (const HistoryEntry& entry : history) {
    fmt::format_to(std::back_inserter(*csv), "{}{},", prefix, number++);
    AppendEntry(entry, csv);
  }
}

}  // namespace zeus
