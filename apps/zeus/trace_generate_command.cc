#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "apps/zeus/number_flags.h"
#include "apps/zeus/synthetic_flags.h"
#include "apps/zeus/trace_command.h"
#include "zeus/base/text_file.h"
#include "zeus/trace/trace_append.h"
#include "zeus/trace/workload_list.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus trace generate --out traces --preset vision --seed 1\n"
    "  zeus trace generate --out traces --append --preset language --seed 2\n"
    "  zeus trace generate --out traces --append --preset vision --seed 1 --gpu-preset synthetic-large\n"
    "  zeus trace generate --out mine --dataset birds --network tiny --batch-sizes 8,16,32 --b0 16 \\\n"
    "      --gpu desktop --min-limit 120 --max-limit 220 --limit-step 20\n"
    "\n"
    "Writes summary_train.csv, summary_power_GPU.csv and workloads.csv. Nothing in them is measured: epochs, time and\n"
    "power follow from the parameters and the seed.";

struct GenerateFlags {
  SyntheticFlags synthetic;
  std::filesystem::path out;
  uint64_t seed = 1;
  bool append = false;
  bool force = false;
};

template <class Value>
Result<Value> WithFlagNames(Result<Value> result) {
  if (result) return result;
  return std::unexpected(NameFlag(std::move(result).error()));
}

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
Result<Output> MakeOutput(const GenerateFlags& flags, std::string_view name, const Added& added) {
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

Result<void> RunGenerate(const GenerateFlags& flags, const Console& console) {
  if (flags.append && flags.force) {
    return Fail(ErrorCode::kInvalidArgument, "--append keeps what is there, and --force does not: give one of them");
  }
  ZEUS_ASSIGN_OR_RETURN(const SyntheticSetup setup, WithFlagNames(flags.synthetic.Choose()));
  ZEUS_ASSIGN_OR_RETURN(const TrainTrace train, WithFlagNames(GenerateTrainTrace(setup.workload, flags.seed)));
  ZEUS_ASSIGN_OR_RETURN(const PowerTrace power, WithFlagNames(GeneratePowerTrace(setup.workload, setup.gpu)));
  const std::string power_name = fmt::format("summary_power_{}.csv", setup.gpu.name);
  ZEUS_ASSIGN_OR_RETURN(const Output train_file, MakeOutput(flags, "summary_train.csv", train));
  ZEUS_ASSIGN_OR_RETURN(const Output power_file, MakeOutput(flags, power_name, power));
  ZEUS_ASSIGN_OR_RETURN(const Output list_file, MakeOutput(flags, kWorkloadListFile, DefaultJob(setup.workload)));
  std::error_code error;
  std::filesystem::create_directories(flags.out, error);
  if (error) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("{}: cannot create the folder: {}", flags.out.string(), error.message()));
  }
  for (const Output* output : {&train_file, &power_file, &list_file}) {
    ZEUS_RETURN_IF_ERROR(WriteFileAtomically(output->file, output->text));
  }
  return console.Print(fmt::format("{}: {} and {} hold {}; {} train rows, {} power rows\n", flags.out.string(),
                                   train_file.file.filename().string(), power_name, ToText(setup.workload.workload),
                                   train.rows.size(), power.rows.size()));
}

}  // namespace

void AddTraceGenerateCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<GenerateFlags>();
  CLI::App* const command =
      app.add_subcommand("generate", "Make the traces of a made-up workload from a few physical parameters");
  command->add_option("--out", flags->out, "Folder to write to; created where it is missing")
      ->type_name("DIR")
      ->required();
  command->add_option("--seed", flags->seed, "Seed of the runs' noise")
      ->type_name("N")
      ->capture_default_str()
      ->transform(CountText());
  command->add_flag("--append", flags->append, "Add to the traces in the folder: a workload, or another GPU for one");
  command->add_flag("--force", flags->force, "Replace the three files where they are there already");
  flags->synthetic.AddTo(*command);
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunGenerate(*flags, console); };
  });
}

}  // namespace zeus
