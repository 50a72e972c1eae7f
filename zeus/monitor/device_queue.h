#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "zeus/base/result.h"

namespace zeus {

/// Names under which the loader may know the runtimes.
struct DeviceQueueLibraries {
  std::vector<std::string> cuda{"libcuda.so.1"};
  std::vector<std::string> hip{"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5", "libamdhip64.so"};
};

/// Waits until the GPUs have done what this process has queued on them: CUDA's driver and HIP, on every device that
/// this process uses. Neither is loaded for that: a process that has not loaded one has queued nothing through it, and
/// waiting is then off, until it is loaded. No context is made on a device that has none. Thread-safe.
class DeviceQueue {
 public:
  explicit DeviceQueue(DeviceQueueLibraries libraries = {});

  /// kUnavailable with the runtime's number when it reports an error, such as that of a kernel that failed.
  Result<void> Wait();

  /// "CUDA", "HIP", "CUDA and HIP", or "" while neither is loaded in this process.
  [[nodiscard]] std::string runtimes();

  /// For EnergyMonitorOptions::wait_for_devices: a function that owns a queue.
  static std::function<Result<void>()> Waiter(DeviceQueueLibraries libraries = {});

 private:
  /// A runtime's library. Looking for one that is not there takes far longer than a window, so that it is looked for
  /// again only when this process has loaded something since.
  struct Runtime {
    std::atomic<void*> handle = nullptr;    ///< Null until found; it stays loaded.
    std::atomic<uint64_t> searched_at = 0;  ///< Libraries that the process had loaded in all when it was not found.
  };

  static void* FindLoaded(Runtime& runtime, const std::vector<std::string>& names);

  const DeviceQueueLibraries libraries_;
  Runtime cuda_;
  Runtime hip_;
};

}  // namespace zeus
