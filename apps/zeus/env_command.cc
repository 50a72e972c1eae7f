#include <fmt/format.h>
#include <sys/utsname.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "apps/zeus/command.h"
#include "apps/zeus/env_report.h"
#include "apps/zeus/inventory_flags.h"
#include "apps/zeus/journal_folder.h"
#include "zeus/base/text_file.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus env\n"
    "  zeus env --json | jq '.gpus[].capabilities.set_power_limit'\n"
    "  zeus emulate --gpus v100x2,h100 -- zeus env";

struct EnvFlags {
  bool json = false;
};

std::string OperatingSystem() {
  std::string name = "an unknown system";
  if (const Result<std::string> release = ReadFile("/etc/os-release", 1 << 16)) {
    constexpr std::string_view kKey = "\nPRETTY_NAME=\"";
    const std::string text = "\n" + *release;
    if (const size_t begin = text.find(kKey); begin != std::string::npos) {
      name = text.substr(begin + kKey.size());
      name.resize(std::min(name.find('"'), name.size()));
    }
  }
  utsname kernel{};
  if (::uname(&kernel) == 0) name += fmt::format(", {} {}, {}", kernel.sysname, kernel.release, kernel.machine);
  return name;
}

// The python3 that a training script gets, and its packages by their own records: importing PyTorch takes seconds.
std::map<std::string, std::string> PythonPackages() {
  constexpr const char* kAsk =
      "python3 -c 'import importlib.metadata as m, platform\n"
      "print(\"Python\", platform.python_version())\n"
      "for n in (\"zeus\", \"torch\", \"jax\", \"cupy\"):\n"
      "    try: print(n, m.version(n))\n"
      "    except m.PackageNotFoundError: pass' 2>/dev/null";
  std::map<std::string, std::string> packages;
  const std::unique_ptr<FILE, int (*)(FILE*)> answer(::popen(kAsk, "r"), ::pclose);
  char name[64];
  char version[64];
  while (answer != nullptr && std::fscanf(answer.get(), "%63s %63s", name, version) == 2) packages[name] = version;
  return packages;
}

Result<void> RunEnv(const EnvFlags& flags, const Console& console) {
  const std::unique_ptr<DeviceInventory> inventory = OpenInventory();
  const Environment environment{.operating_system = OperatingSystem(),
                                .python = PythonPackages(),
                                .privileges = ReadPrivileges(),
                                .journal_folder = JournalFolder().string(),
                                .leftovers = RestoreLeftovers(JournalFolder(), inventory->AllGpus(),
                                                              LeftoverMode::kDryRun, std::chrono::system_clock::now),
                                .variables = DeviceVariables()};
  return console.Print(flags.json ? EnvJson(environment, *inventory) : EnvText(environment, *inventory, console));
}

}  // namespace

void AddEnvCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<EnvFlags>();
  CLI::App* const command =
      app.add_subcommand("env", "Tell what is installed, which devices there are, and what each can and may do here");
  command->add_flag("--json", flags->json, "Print JSON instead of tables");
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunEnv(*flags, console); };
  });
}

}  // namespace zeus
