#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "apps/zeus/list_flags.h"
#include "apps/zeus/number_flags.h"
#include "apps/zeus/synthetic_flags.h"
#include "apps/zeus/trace_command.h"
#include "zeus/trace/synthetic_cluster.h"
#include "zeus/trace/xz.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus trace generate-groups --out groups.csv --datasets cifar100,squad --groups 100 --submissions 60\n"
    "  zeus trace generate-groups --out groups.csv.xz --datasets synthetic-images --overlap 2 --seed 7\n"
    "  zeus trace generate-groups --out - --datasets synthetic-text | head\n"
    "\n"
    "Submissions of a group arrive at random, independently of each other, at a mean gap of its mean runtime over\n"
    "--overlap.";

struct GroupsFlags {
  SyntheticCluster cluster;
  std::string out;
  std::string datasets;
  double mean_runtime = SyntheticCluster().mean_runtime.value();
  uint64_t seed = 1;
  bool force = false;
};

Result<void> RunGenerateGroups(const GroupsFlags& flags, const Console& console) {
  SyntheticCluster cluster = flags.cluster;
  cluster.mean_runtime = Seconds(flags.mean_runtime);
  ZEUS_ASSIGN_OR_RETURN(cluster.datasets, SplitList("--datasets", flags.datasets));
  Result<std::vector<ClusterGroup>> groups = GenerateClusterGroups(cluster, flags.seed);
  if (!groups) return std::unexpected(NameFlag(std::move(groups).error()));
  std::error_code ignored;  // A file that cannot be seen cannot be replaced either, and writing says why.
  if (flags.out != "-" && !flags.force && std::filesystem::exists(flags.out, ignored)) {
    return Fail(ErrorCode::kFailedPrecondition, fmt::format("{}: is there already; --force replaces it", flags.out));
  }
  std::string content = ToCsv(*groups);
  if (flags.out.ends_with(".xz")) {
    ZEUS_ASSIGN_OR_RETURN(content, CompressXz(content));
  }
  ZEUS_RETURN_IF_ERROR(WriteOutput(console, flags.out, content));
  if (flags.out == "-") return {};
  return console.Print(
      fmt::format("{}: {} groups of {} submissions\n", flags.out, groups->size(), cluster.submissions));
}

}  // namespace

void AddTraceGenerateGroupsCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<GroupsFlags>();
  CLI::App* const command =
      app.add_subcommand("generate-groups", "Make up a cluster: groups of recurring submissions that overlap in time");
  const auto add = [&](const char* flag, auto* value, const char* unit, const char* help) {
    using Value = std::remove_pointer_t<decltype(value)>;
    CLI::Option* const option = command->add_option(flag, *value, help)->type_name(unit)->capture_default_str();
    if constexpr (std::is_arithmetic_v<Value>) option->transform(TextOf<Value>());
    return option;
  };
  add("--out", &flags->out, "FILE", "CSV file to write, packed where it ends in .xz; -: CSV on standard output")
      ->required();
  add("--datasets", &flags->datasets, "A,B,...", "Data sets that the groups take in turn")->required();
  add("--groups", &flags->cluster.groups, "N", "Recurring jobs");
  add("--submissions", &flags->cluster.submissions, "N", "Runs of each");
  add("--overlap", &flags->cluster.overlap, "NUMBER", "Mean number of a group's runs under way at once");
  add("--mean-runtime", &flags->mean_runtime, "SECONDS", "Mean length of a run, over all groups");
  add("--group-spread", &flags->cluster.group_spread, "SIGMA", "Of the lognormal factor on a group's mean runtime");
  add("--run-spread", &flags->cluster.run_spread, "SIGMA", "Of the lognormal factor on each run's length");
  add("--seed", &flags->seed, "N", "Seed of all that is random, also of the groups' names");
  command->add_flag("--force", flags->force, "Replace a file that is there already");
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunGenerateGroups(*flags, console); };
  });
}

}  // namespace zeus
