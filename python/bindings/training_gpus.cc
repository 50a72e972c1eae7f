#include "python/bindings/training_gpus.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <mutex>
#include <optional>
#include <utility>

namespace zeus::python {
namespace {

std::optional<std::string> Find(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::nullopt : std::optional(found->second);
}

void PrintNotRestored(const Error& error) {
  std::fprintf(stderr, "zeus: %s\n", error.message.c_str());
}

}  // namespace

std::shared_ptr<RestoreOnSignals> SharedRestoreOnSignals() {
  static std::mutex mutex;
  static std::weak_ptr<RestoreOnSignals> shared;
  static pid_t owner = 0;
  const std::lock_guard lock(mutex);
  if (std::shared_ptr<RestoreOnSignals> there = shared.lock(); there && owner == ::getpid()) return there;
  auto installed = RestoreOnSignals::Install(PrintNotRestored);
  if (!installed) return nullptr;
  std::shared_ptr<RestoreOnSignals> made = *std::move(installed);
  shared = made;
  owner = ::getpid();
  return made;
}

InventoryOptions InventoryOf(const Environment& environment) {
  return {.visibility = {.cuda_visible_devices = Find(environment, "CUDA_VISIBLE_DEVICES"),
                         .cuda_device_order = Find(environment, "CUDA_DEVICE_ORDER"),
                         .hip_visible_devices = Find(environment, "HIP_VISIBLE_DEVICES")},
          .amdsmi = {},
          .node = ParseNodeVariables({.sock_path = Find(environment, "ZEUSD_SOCK_PATH"),
                                      .host_port = Find(environment, "ZEUSD_HOST_PORT"),
                                      .token = Find(environment, "ZEUSD_TOKEN")})};
}

Result<BorrowedGpus> BorrowGpus(const Environment& environment, std::vector<size_t> positions) {
  BorrowedGpus borrowed{.signals = SharedRestoreOnSignals(), .gpus = nullptr};
  ZEUS_ASSIGN_OR_RETURN(
      borrowed.gpus,
      LocalGpus::Open({.inventory = InventoryOf(environment),
                       .positions = std::move(positions),
                       .journal_folder = DefaultJournalFolder(::geteuid(), Find(environment, "XDG_RUNTIME_DIR")),
                       .wall_clock = std::chrono::system_clock::now}));
  return borrowed;
}

}  // namespace zeus::python
