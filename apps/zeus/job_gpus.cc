#include "apps/zeus/job_gpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "apps/zeus/journal_folder.h"
#include "zeus/control/leftovers.h"

namespace zeus {

Result<JobGpus> ReadJobGpus(const DeviceInventory& inventory) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<Gpu*> gpus, inventory.VisibleGpus());
  if (gpus.empty()) {
    return Fail(ErrorCode::kFailedPrecondition, "there is no GPU to train on; `zeus env` tells why");
  }
  Watts largest;
  for (Gpu* const gpu : gpus) {
    const Result<PowerLimitRange> range = gpu->settings().ReadPowerLimitRange();
    if (!range) {
      return Fail(range.error().code,
                  fmt::format("{}: cannot read its power limits: {}", gpu->info().name, range.error().message));
    }
    largest = std::max(largest, range->maximum);
  }
  return JobGpus{.name = gpus.front()->info().name,
                 .count = static_cast<int64_t>(gpus.size()),
                 .largest_limit = largest,
                 .max_power = static_cast<double>(gpus.size()) * largest};
}

void RestoreWhatWasLeft(const DeviceInventory& inventory, const Console& console) {
  const Result<std::vector<Leftover>> leftovers =
      RestoreLeftovers(JournalFolder(), inventory.AllGpus(), LeftoverMode::kRestore, std::chrono::system_clock::now);
  if (!leftovers) {
    console.Note("zeus: settings that a killed process may have left: " + leftovers.error().message);
    return;
  }
  for (const Leftover& each : *leftovers) {
    // One of a GPU that is not here does not concern this run; `zeus restore` tells of it.
    if (each.state == LeftoverState::kNoSuchGpu || each.state == LeftoverState::kHeld) continue;
    console.Note("zeus: " + each.message);
  }
}

}  // namespace zeus
