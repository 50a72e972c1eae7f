#include "python/bindings/machine.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "python/bindings/training_gpus.h"

namespace zeus::python {
namespace {

std::atomic<uint64_t> generation = 0;
std::atomic<Machine*> machine = nullptr;

void AfterForkInChild() {
  ++generation;
  machine = new Machine;  // The parent's stays in memory, untouched.
}

std::optional<std::string> Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

uint64_t ForkGeneration() {
  return generation.load(std::memory_order_relaxed);
}

Result<void> CheckNotForked(uint64_t of, const char* what) {
  if (of == ForkGeneration()) [[likely]]
    return {};
  return Fail(ErrorCode::kFailedPrecondition, std::string(what) +
                                                  " was made in the process that forked this one, and cannot be used "
                                                  "here: make a new one after the fork");
}

Machine& Machine::OfThisProcess() {
  static const bool kWatched [[maybe_unused]] = [] {
    machine = new Machine;
    return ::pthread_atfork(nullptr, nullptr, AfterForkInChild) == 0;
  }();
  return *machine;
}

const DeviceInventory& Machine::inventory() {
  const std::scoped_lock lock(mutex_);
  if (inventory_ == nullptr) {
    inventory_ = DeviceInventory::Open({.visibility = {.cuda_visible_devices = Variable("CUDA_VISIBLE_DEVICES"),
                                                       .cuda_device_order = Variable("CUDA_DEVICE_ORDER"),
                                                       .hip_visible_devices = Variable("HIP_VISIBLE_DEVICES")},
                                        .amdsmi = {},
                                        .node = ParseNodeVariables({.sock_path = Variable("ZEUSD_SOCK_PATH"),
                                                                    .host_port = Variable("ZEUSD_HOST_PORT"),
                                                                    .token = Variable("ZEUSD_TOKEN")})});
  }
  return *inventory_;
}

Result<BorrowedGpu*> Machine::Borrow(Gpu& gpu) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = borrowed_.find(&gpu); found != borrowed_.end()) return found->second.get();
  ZEUS_ASSIGN_OR_RETURN(const SettingsJournal journal,
                        SettingsJournal::Open(DefaultJournalFolder(::geteuid(), Variable("XDG_RUNTIME_DIR")),
                                              [] { return std::chrono::system_clock::now(); }));
  ZEUS_ASSIGN_OR_RETURN(std::unique_ptr<BorrowedGpu> borrowed, BorrowedGpu::Borrow(gpu, journal));
  // SIGTERM and its like end a script without unwinding it.
  if (signals_ == nullptr) signals_ = SharedRestoreOnSignals();
  return borrowed_.emplace(&gpu, std::move(borrowed)).first->second.get();
}

}  // namespace zeus::python
