#include <fmt/format.h>

#include <memory>

#include "apps/zeus/command.h"
#include "apps/zeus/job_flags.h"
#include "apps/zeus/progress_bar.h"
#include "apps/zeus/table.h"
#include "zeus/base/json_fields.h"
#include "zeus/simulator/cluster_run.h"
#include "zeus/trace/history_csv.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus simulate-cluster --groups groups.csv.xz --gpu v100\n"
    "  zeus simulate-cluster --groups groups.csv --gpu a40 --eta 0.5 --beta 2 --threads 2 --csv history.csv\n"
    "  zeus trace generate-groups --out groups.csv --groups 100 --datasets cifar100,squad";

struct ClusterFlags {
  TraceFlags traces;
  GpuFlag gpu;
  KnobFlags knobs;
  PolicyFlags policies;
  ThreadFlag threads;
  std::string groups;
  bool json = false;
  std::string csv;
};

std::string TotalsText(const std::vector<DatasetTotals>& totals, const Console& console) {
  Table table({{"data set", Align::kLeft},
               {"groups"},
               {"submissions"},
               {"energy"},
               {"time"},
               {"default's energy"},
               {"default's time"},
               {"energy saved"},
               {"time saved"},
               {"failed groups"}});
  DatasetTotals sum{.dataset = "all"};
  const auto add = [&](const DatasetTotals& each, Style style) {
    const bool some = each.submissions > 0;
    table.AddRow(
        {each.dataset, std::to_string(each.groups), std::to_string(each.submissions), JoulesText(each.energy.value()),
         SecondsText(each.time.value()), JoulesText(each.default_energy.value()),
         SecondsText(each.default_time.value()), some ? PercentText(1 - each.energy / each.default_energy) : "-",
         some ? PercentText(1 - each.time / each.default_time) : "-", std::to_string(each.failed)},
        style);
  };
  for (const DatasetTotals& each : totals) {
    add(each, each.failed > 0 ? Style::kBad : Style::kPlain);
    sum.groups += each.groups;
    sum.failed += each.failed;
    sum.submissions += each.submissions;
    sum.energy += each.energy;
    sum.time += each.time;
    sum.default_energy += each.default_energy;
    sum.default_time += each.default_time;
  }
  add(sum, Style::kBold);
  return table.ToText(console);
}

std::string TotalsJson(const ClusterFlags& flags, const std::string& gpu, const std::vector<DatasetTotals>& totals) {
  Json document;
  document["gpu"] = gpu;
  document["eta"] = flags.knobs.eta;
  document["beta"] = NumberToJson(flags.knobs.beta);
  document["batch_policy"] = flags.policies.names.batch_size;
  document["power_policy"] = flags.policies.names.power_limit;
  document["datasets"] = Json::array();
  for (const DatasetTotals& each : totals) {
    Json json;
    json["dataset"] = each.dataset;
    json["groups"] = each.groups;
    json["failed_groups"] = each.failed;
    json["submissions"] = each.submissions;
    json["energy_J"] = each.energy.value();
    json["time_s"] = each.time.value();
    json["default_energy_J"] = each.default_energy.value();
    json["default_time_s"] = each.default_time.value();
    document["datasets"].push_back(std::move(json));
  }
  return document.dump(2) + "\n";
}

std::string HistoryText(const ClusterFlags& flags, const std::string& gpu, const ClusterRun& run) {
  std::string csv(ClusterHistoryCsvHeader());
  for (const ClusterGroupRun& group : run.groups) {
    if (!group.result) continue;
    AppendClusterHistoryCsv({.gpu = gpu,
                             .eta = flags.knobs.eta,
                             .beta = flags.knobs.beta,
                             .group = group.group->name,
                             .dataset = group.group->dataset},
                            group.result->history, &csv);
  }
  return csv;
}

// Says which groups failed; the first one's error is the command's.
Result<void> ReportFailures(const ClusterRun& run, const Console& console) {
  const Error* first = nullptr;
  size_t failed = 0;
  for (const ClusterGroupRun& group : run.groups) {
    if (group.result && group.with_default) continue;
    const Error& error = group.result ? group.with_default.error() : group.result.error();
    if (first == nullptr) {
      first = &error;
    } else {
      console.Note("zeus: " + error.message);
    }
    ++failed;
  }
  if (first == nullptr) return {};
  return Fail(first->code,
              fmt::format("{} of {} groups failed; the first: {}", failed, run.groups.size(), first->message));
}

Result<void> RunCluster(const ClusterFlags& flags, const Console& console) {
  if (flags.json && flags.csv == "-") {
    return Fail(ErrorCode::kInvalidArgument, "--json and --csv - both want standard output");
  }
  ZEUS_RETURN_IF_ERROR(ValidateEta(flags.knobs.eta));
  ZEUS_RETURN_IF_ERROR(ValidateBeta(flags.knobs.beta));
  ZEUS_ASSIGN_OR_RETURN(const PolicyFactory factory, flags.policies.LoadPlugins());
  ZEUS_RETURN_IF_ERROR(factory.CheckNames(flags.policies.names));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<ClusterGroup> groups, ReadClusterGroups(flags.groups));
  ZEUS_ASSIGN_OR_RETURN(TraceStore store, TraceStore::Open(flags.traces.folder));
  ZEUS_ASSIGN_OR_RETURN(const std::string gpu, flags.gpu.Choose(store));
  ZEUS_ASSIGN_OR_RETURN(const JoinedTrace* const joined, store.ForGpu(gpu));
  const SimulationOptions options{.eta = flags.knobs.eta,
                                  .beta = flags.knobs.beta,
                                  .seed = 0,
                                  .window = flags.policies.window,
                                  .concurrency = Concurrency::kOn,
                                  .policies = flags.policies.names};
  std::optional<ProgressBar> progress(std::in_place, console, "groups", groups.size());
  const Result<ClusterRun> simulated =
      SimulateCluster(groups, store, *joined, options, factory, flags.threads.Choose(), [&] { progress->Advance(); });
  if (!simulated) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}: {}", flags.groups, simulated.error().message));
  }
  const ClusterRun& run = *simulated;
  progress.reset();
  if (!flags.csv.empty()) ZEUS_RETURN_IF_ERROR(WriteOutput(console, flags.csv, HistoryText(flags, gpu, run)));
  if (flags.csv != "-") {
    ZEUS_RETURN_IF_ERROR(
        console.Print(flags.json ? TotalsJson(flags, gpu, run.totals) : TotalsText(run.totals, console)));
  }
  return ReportFailures(run, console);
}

}  // namespace

void AddSimulateClusterCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<ClusterFlags>();
  CLI::App* const command =
      app.add_subcommand("simulate-cluster", "Simulate recurring jobs that a cluster runs, overlapping in time");
  command->add_option("--groups", flags->groups, "Groups of recurring submissions: CSV, or CSV packed by xz")
      ->type_name("FILE")
      ->required();
  flags->gpu.AddTo(*command);
  flags->traces.AddTo(*command);
  flags->knobs.AddTo(*command);
  flags->policies.AddTo(*command);
  flags->threads.AddTo(*command);
  command->add_flag("--json", flags->json, "Print the totals as JSON instead of a table");
  command->add_option("--csv", flags->csv, "Write every group's history; -: to standard output, nothing else")
      ->type_name("FILE");
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunCluster(*flags, console); };
  });
}

}  // namespace zeus
