#include "apps/zeus/trace_output.h"

#include <fmt/format.h>

#include <system_error>

#include "zeus/base/text_file.h"
#include "zeus/trace/trace_append.h"
#include "zeus/trace/workload_list.h"

namespace zeus {
namespace {

// The file's text, or nothing where there is no file.
Result<std::string> ReadIfThere(const std::filesystem::path& file) {
  Result<std::string> text = ReadTextFile(file);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::string();
  return text;
}

// One file of the folder: its new content, made from what is there and what was generated.
struct Output {
  std::filesystem::path file;
  std::string text;
};

template <class Added>
Result<Output> MakeOutput(const TraceOutputFlags& flags, std::string_view name, const Added& added) {
  Output output = {.file = flags.out / name, .text = {}};
  if (!flags.force) {
    ZEUS_ASSIGN_OR_RETURN(output.text, ReadIfThere(output.file));
    if (!output.text.empty() && !flags.append) {
      return Fail(ErrorCode::kFailedPrecondition,
                  fmt::format("{}: is there already; --append adds to it, --force replaces it", output.file.string()));
    }
  }
  ZEUS_ASSIGN_OR_RETURN(output.text, AppendToCsv(output.text, output.file.string(), added));
  return output;
}

}  // namespace

void TraceOutputFlags::AddTo(CLI::App& command) {
  command.add_option("--out", out, "Folder to write to; created where it is missing")->type_name("DIR")->required();
  command.add_flag("--append", append, "Add to the traces in the folder: a workload, or another GPU for one");
  command.add_flag("--force", force, "Replace the three files where they are there already");
}

Result<void> TraceOutputFlags::Check() const {
  if (append && force) {
    return Fail(ErrorCode::kInvalidArgument, "--append keeps what is there, and --force does not: give one of them");
  }
  return {};
}

Result<std::string> WriteTraces(const TraceOutputFlags& flags, const NewTraces& traces) {
  const std::string power_name = fmt::format("summary_power_{}.csv", traces.gpu);
  ZEUS_ASSIGN_OR_RETURN(const Output train_file, MakeOutput(flags, "summary_train.csv", traces.train));
  ZEUS_ASSIGN_OR_RETURN(const Output power_file, MakeOutput(flags, power_name, traces.power));
  ZEUS_ASSIGN_OR_RETURN(const Output list_file, MakeOutput(flags, kWorkloadListFile, traces.job));
  std::error_code error;
  std::filesystem::create_directories(flags.out, error);
  if (error) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("{}: cannot create the folder: {}", flags.out.string(), error.message()));
  }
  for (const Output* output : {&train_file, &power_file, &list_file}) {
    ZEUS_RETURN_IF_ERROR(WriteFileAtomically(output->file, output->text));
  }
  return fmt::format("{}: {} and {} hold {}; {} train rows, {} power rows\n", flags.out.string(),
                     train_file.file.filename().string(), power_name, ToText(traces.job.workload),
                     traces.train.rows.size(), traces.power.rows.size());
}

}  // namespace zeus
