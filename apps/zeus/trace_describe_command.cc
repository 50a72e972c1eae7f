#include <filesystem>
#include <memory>
#include <vector>

#include "apps/zeus/trace_command.h"
#include "apps/zeus/trace_describe_report.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus trace describe traces\n"
    "  zeus trace describe groups.csv.xz\n"
    "  zeus trace describe traces --json";

struct DescribeFlags {
  std::vector<std::filesystem::path> paths;
  bool json = false;
};

Result<void> RunDescribe(const DescribeFlags& flags, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<TraceSummary> summaries, SummarizeTraces(flags.paths));
  return console.Print(flags.json ? DescribeJson(summaries) : DescribeText(summaries, console));
}

}  // namespace

void AddTraceDescribeCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<DescribeFlags>();
  CLI::App* const command =
      app.add_subcommand("describe", "Tell which jobs, batch sizes, power limits and GPUs traces hold");
  command->add_option("PATH", flags->paths, "Trace folders, or single files, without problems")->required();
  command->add_flag("--json", flags->json, "Print JSON instead of tables");
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunDescribe(*flags, console); };
  });
}

}  // namespace zeus
