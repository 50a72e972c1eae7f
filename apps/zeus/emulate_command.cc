#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "apps/zeus/command.h"
#include "apps/zeus/emulate_load_command.h"
#include "emulator/configuration/environment.h"
#include "emulator/machine/machine.h"
#include "zeus/base/child_process.h"
#include "zeus/base/text_file.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus emulate --gpus v100x4 -- zeus env\n"
    "  zeus emulate --gpus a100x2,h100 -- zeus env --json\n"

    "  zeus emulate --gpus v100 -- zeus emulate load --compute 1 --for 2\n"
    "\n"
    "--config takes a machine described in TOML. GPUs: p100, v100, a40, rtx6000, a100, h100, h200, m40. The exit code "
    "is the command's.";

constexpr const char* kLibraryName = "libnvidia-ml.so.1";

struct EmulateFlags {
  std::string gpus = "v100";
  std::string config;
  std::string state;
  std::vector<std::string> command;
};

// Beside the program, as built or as installed.
Result<std::filesystem::path> FindLibraryFolder() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path prefix = program.parent_path().parent_path();
  for (const char* folder : {"lib/zeus-emulator", ZEUS_INSTALL_LIBDIR "/zeus-emulator"}) {
    if (std::filesystem::exists(prefix / folder / kLibraryName, error)) return prefix / folder;
  }
  return Fail(ErrorCode::kNotFound, fmt::format("the emulator's {} is not there: expected it in {}", kLibraryName,
                                                (prefix / "lib/zeus-emulator").string()));
}

/// A folder that goes away with its content.
class ScratchFolder {
 public:
  static Result<ScratchFolder> Make() {
    std::string path = (std::filesystem::temp_directory_path() / "zeus-emulator.XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) return Fail(ErrorCode::kUnavailable, path + ": cannot be made");
    return ScratchFolder(path);
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

Result<std::string> ConfigurationText(const EmulateFlags& flags) {
  if (!flags.config.empty()) return ReadTextFile(flags.config, emulator::kMaxConfigurationBytes);
  Result<std::string> text = emulator::ConfigurationOfGpus(flags.gpus);
  if (!text) return Fail(ErrorCode::kInvalidArgument, "--gpus: " + text.error().message);
  return text;
}

Result<int> RunEmulate(const EmulateFlags& flags) {
  if (flags.command.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "a command is missing; see `zeus emulate --help`");
  }
  ZEUS_ASSIGN_OR_RETURN(std::filesystem::path library_folder, FindLibraryFolder());
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ConfigurationText(flags));
  const std::string source = flags.config.empty() ? "--gpus" : flags.config;
  const std::string state =
      flags.state.empty() ? fmt::format("/dev/shm/zeus-emulator.{}.{}", ::geteuid(), ::getpid()) : flags.state;
  // Held until the command has ended, so that its GPUs outlive each of its processes.
  ZEUS_ASSIGN_OR_RETURN(const std::unique_ptr<emulator::Machine> machine, emulator::Machine::Join(state, text, source));

  if (const auto known = emulator::CheckFunctions(library_folder / kLibraryName, machine->configuration().faults);
      !known) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}: {}", source, known.error().message));
  }
  ZEUS_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::Make());
  if (const auto& missing = machine->configuration().missing_symbols; !missing.empty()) {
    ZEUS_RETURN_IF_ERROR(
        emulator::CopyLibraryWithout(library_folder / kLibraryName, missing, scratch.path() / kLibraryName));
    library_folder = scratch.path();
  }
  const char* const before = std::getenv("LD_LIBRARY_PATH");
  const std::string search = before == nullptr || *before == '\0'
                                 ? library_folder.string()
                                 : fmt::format("{}:{}", library_folder.string(), before);
  ZEUS_ASSIGN_OR_RETURN(
      const ForegroundEnd end,
      RunInForeground({.arguments = flags.command,
                       .environment = {{"LD_LIBRARY_PATH", search}, {emulator::kStateVariable, state}}}));
  return end.exit_code;
}

}  // namespace

void AddEmulateCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<EmulateFlags>();
  CLI::App* const command = app.add_subcommand("emulate", "Run a command on a machine with emulated GPUs");
  CLI::Option* const gpus =
      command->add_option("--gpus", flags->gpus, "GPUs and how many of each, such as v100x4 or v100x2,a100x2 [v100]");
  command->add_option("--config", flags->config, "A machine described in TOML, faults included (docs/formats.md)")
      ->type_name("FILE")
      ->excludes(gpus);
  command->add_option("--state", flags->state, "Share one machine between commands: all that name the same file")
      ->type_name("FILE");
  command->prefix_command();
  command->footer(kExamples);
  AddEmulateLoadCommand(*command, invocation);
  command->callback([&invocation, flags, command] {
    if (!command->get_subcommands().empty()) return;
    // Both `zeus emulate -- COMMAND` and, where COMMAND is no word of ours, `zeus emulate COMMAND`.
    flags->command = invocation.command_to_run.empty() ? command->remaining() : invocation.command_to_run;
    invocation.action = [flags, &invocation](const Console&) -> Result<void> {
      ZEUS_ASSIGN_OR_RETURN(invocation.exit_code, RunEmulate(*flags));
      return {};
    };
  });
}

}  // namespace zeus
