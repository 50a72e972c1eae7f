// How well the emulator's GPU models tell the published power traces: work is fitted to each configuration's rows, and
// what the model says for each limit is compared with what was recorded. Fails where the V100 is told worse than asked.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/shared_traces.h"
#include "emulator/model/fit_accuracy.h"
#include "zeus/trace/power_trace.h"

namespace zeus {
namespace {

using emulator::FitAccuracy;
using emulator::FitTo;
using emulator::RecordedWork;
using emulator::Rows;

constexpr double kEta = 0.5;
constexpr Watts kStep(25);
constexpr std::array<std::string_view, 4> kGpus = {"v100", "a40", "p100", "rtx6000"};
constexpr std::string_view kMustBeGood = "v100";
constexpr double kMostMedianError = 0.1;
constexpr double kFewestCheapest = 0.9;

struct Way {
  const char* name;
  Rows rows;
  FitTo fit_to;
};
constexpr std::array kWays = {Way{"all rows, and cheapest", Rows::kAll, FitTo::kRowsAndCheapest},
                              Way{"all rows", Rows::kAll, FitTo::kRows},
                              Way{"every other row", Rows::kHeldOut, FitTo::kRows}};

std::vector<RecordedWork> Configurations(const PowerTrace& trace) {
  std::map<std::pair<uint32_t, int64_t>, RecordedWork> all;
  for (const PowerRow& row : trace.rows) {
    all[{row.workload, row.batch_size}].push_back(
        {.limit = row.power_limit, .time = row.time_per_epoch, .power = row.average_power});
  }
  std::vector<RecordedWork> configurations;
  for (auto& [key, runs] : all) {
    std::ranges::sort(runs, {}, &emulator::ObservedRun::limit);
    configurations.push_back(std::move(runs));
  }
  return configurations;
}

void PrintHeader() {
  fmt::print(
      "All but counts in percent. The cheapest limit: of all configurations, and of those that draw more than the\n"
      "lowest limit; the others are slowed down by none, and their cheapest limit is noise. One step: {} W. Or same:\n"
      "every limit counts that is as cheap in the model as the one it names; for those others, all of them.\n\n"
      "{:32} {:>20} {:>13} {:>35} {:>35}\n"
      "{:7} {:24} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>7} {:>6} {:>6} {:>6} {:>6} {:>7} {:>6}\n",
      kStep.value(), "", "error of time", "of power", "cheapest limit, all", "where limits are met", "gpu", "fitted to",
      "rows", "median", "90th", "median", "90th", "count", "exact", "1 step", "or same", "regret", "count", "exact",
      "1 step", "or same", "regret");
}

void PrintRow(std::string_view gpu, const Way& way, const FitAccuracy& accuracy) {
  const auto percent = [](double share) { return 100 * share; };
  fmt::print("{:7} {:24} {:6} {:6.2f} {:6.2f} {:6.2f} {:6.2f}", gpu, way.name, accuracy.rows,
             percent(accuracy.time.median), percent(accuracy.time.percentile90), percent(accuracy.power.median),
             percent(accuracy.power.percentile90));
  for (const FitAccuracy::Cheapest& cheapest : {accuracy.all, accuracy.limited}) {
    fmt::print(" {:6} {:6.1f} {:6.1f} {:7.1f} {:6.2f}", cheapest.configurations, percent(cheapest.exact),
               percent(cheapest.one_step), percent(cheapest.one_step_or_same), percent(cheapest.mean_regret));
  }
  fmt::print("\n");
}

bool GoodEnough(const FitAccuracy& accuracy) {
  return accuracy.time.median <= kMostMedianError && accuracy.power.median <= kMostMedianError &&
         accuracy.all.one_step_or_same >= kFewestCheapest && accuracy.limited.one_step >= kFewestCheapest;
}

struct Gpu {
  emulator::GpuModel model;
  std::vector<RecordedWork> configurations;
  Watts max_power;
};

Result<std::vector<Gpu>> Load() {
  std::vector<Gpu> gpus;
  for (const std::string_view key : kGpus) {
    ZEUS_ASSIGN_OR_RETURN(emulator::GpuModel model, emulator::FindPreset(key));
    const std::string file = fmt::format("summary_power_{}.csv", key);
    ZEUS_ASSIGN_OR_RETURN(const PowerTrace trace, ReadPowerTrace(bench::SharedFolder() / "traces" / file));
    gpus.push_back({.model = std::move(model),
                    .configurations = Configurations(trace),
                    .max_power = std::ranges::max(trace.rows, {}, &PowerRow::power_limit).power_limit});
  }
  return gpus;
}

// Whether the GPU that must be good enough is so each time.
Result<bool> PrintTable() {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<Gpu> gpus, Load());
  PrintHeader();
  bool good = true;
  for (const Gpu& gpu : gpus) {
    for (const Way& way : kWays) {
      const emulator::FitSetup setup = {
          .weights = {.eta = kEta, .max_power = gpu.max_power}, .step = kStep, .rows = way.rows, .fit_to = way.fit_to};
      ZEUS_ASSIGN_OR_RETURN(const FitAccuracy accuracy, MeasureFit(gpu.model, gpu.configurations, setup));
      PrintRow(gpu.model.key, way, accuracy);
      if (gpu.model.key == kMustBeGood) good = good && GoodEnough(accuracy);
    }
  }
  return good;
}

}  // namespace
}  // namespace zeus

int main() {
  const zeus::Result<bool> good = zeus::PrintTable();
  if (!good) {
    fmt::print(stderr, "emulator_fit_bench: {} (set ZEUS_SHARED_DIR)\n", good.error().message);
    return 1;
  }
  if (*good) return 0;
  fmt::print(stderr,
             "emulator_fit_bench: {}: expected median errors of at most {} %, and the cheapest limit within a step for "
             "at least {} % of all configurations, and of those that meet a limit\n",
             zeus::kMustBeGood, 100 * zeus::kMostMedianError, 100 * zeus::kFewestCheapest);
  return 1;
}
