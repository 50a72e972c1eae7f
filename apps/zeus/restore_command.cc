#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "apps/zeus/command.h"
#include "apps/zeus/inventory_flags.h"
#include "apps/zeus/journal_folder.h"
#include "apps/zeus/restore_report.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus restore\n"
    "  zeus restore --dry-run\n"
    "  zeus restore --journal /run/zeus/journal --json | jq '.leftovers[].state'\n"
    "\n"
    "Power limits, persistence mode and clocks that a killed process had changed are put back from the journal that "
    "it\n"
    "left. What a live process uses is left alone. A journal that cannot be read is kept, as NAME.damaged. Exit code "
    "1\n"
    "where something could not be restored.";

struct RestoreFlags {
  std::filesystem::path journal;
  bool json = false;
  bool dry_run = false;
};

Result<void> RunRestore(const RestoreFlags& flags, const Console& console) {
  const std::filesystem::path folder = flags.journal.empty() ? JournalFolder() : flags.journal;
  const LeftoverMode mode = flags.dry_run ? LeftoverMode::kDryRun : LeftoverMode::kRestore;
  const std::unique_ptr<DeviceInventory> inventory = OpenInventory(NodeUse::kForGood);
  ZEUS_ASSIGN_OR_RETURN(const std::vector<Leftover> leftovers,
                        RestoreLeftovers(folder, inventory->AllGpus(), mode, std::chrono::system_clock::now));
  ZEUS_RETURN_IF_ERROR(
      console.Print(flags.json ? RestoreJson(folder, mode, leftovers) : RestoreText(folder, leftovers, console)));
  return CheckRestored(leftovers);
}

}  // namespace

void AddRestoreCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<RestoreFlags>();
  CLI::App* const command =
      app.add_subcommand("restore", "Put back the GPU settings that a killed process left changed");
  command->add_option("--journal", flags->journal, "Folder of journals [this user's]")->type_name("DIR");
  command->add_flag("--json", flags->json, "Print JSON instead of a table");
  command->add_flag("--dry-run", flags->dry_run, "Tell what is left behind, and change nothing");
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunRestore(*flags, console); };
  });
}

}  // namespace zeus
