#include <fmt/format.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <vector>

#include "apps/zeus/trace_command.h"
#include "zeus/base/json_fields.h"
#include "zeus/trace/trace_check.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus trace check traces\n"
    "  zeus trace check --strict summary_train.csv summary_power_v100.csv\n"
    "  zeus trace check groups.csv.xz --json\n"
    "\n"
    "Problems make a file unusable, and end the program with exit code 1. Notes are about what is odd but usable:\n"
    "recorded power that no training joins, missing power limits, targets that no run reaches.";

struct CheckFlags {
  std::vector<std::filesystem::path> paths;
  bool strict = false;
  bool json = false;
};

std::string Counted(size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string SummaryText(const TraceCheck& check) {
  return fmt::format("{}, {} in {}", Counted(check.problems.size(), "problem"), Counted(check.notes.size(), "note"),
                     Counted(check.files, "file"));
}

std::string CheckText(const TraceCheck& check, const Console& console) {
  std::string text;
  for (const Problem& problem : check.problems) {
    fmt::format_to(std::back_inserter(text), "{}\n", console.Styled(Style::kBad, ToText(problem)));
  }
  for (Problem note : check.notes) {
    note.message = "note: " + note.message;
    fmt::format_to(std::back_inserter(text), "{}\n", ToText(note));
  }
  return text;
}

Json ToJson(const Problems& problems) {
  Json list = Json::array();
  for (const Problem& problem : problems) {
    list.push_back({{"file", problem.source},
                    {"line", problem.line == 0 ? Json() : Json(problem.line)},
                    {"column", problem.column == 0 ? Json() : Json(problem.column)},
                    {"message", problem.message}});
  }
  return list;
}

std::string CheckJson(const TraceCheck& check) {
  Json document;
  document["files"] = check.files;
  document["problems"] = ToJson(check.problems);
  document["notes"] = ToJson(check.notes);
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<void> RunCheck(const CheckFlags& flags, const Console& console) {
  const TraceCheck check = CheckTraces(flags.paths);
  ZEUS_RETURN_IF_ERROR(console.Print(flags.json ? CheckJson(check) : CheckText(check, console)));
  const bool bad = !check.problems.empty() || (flags.strict && !check.notes.empty());
  if (bad) return Fail(ErrorCode::kInvalidData, SummaryText(check));
  return flags.json ? Result<void>() : console.Print(SummaryText(check) + "\n");
}

}  // namespace

void AddTraceCheckCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<CheckFlags>();
  CLI::App* const command =
      app.add_subcommand("check", "Find everything that is wrong with traces, by line and column");
  command
      ->add_option("PATH", flags->paths,
                   "Trace folders, or single files: train and power traces, cluster groups (also packed by xz), lists\n"
                   "of workloads")
      ->required();
  command->add_flag("--strict", flags->strict, "Notes fail, too");
  command->add_flag("--json", flags->json, "Print JSON");
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunCheck(*flags, console); };
  });
}

}  // namespace zeus
