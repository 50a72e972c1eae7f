#pragma once

#include <time.h>

#include <atomic>
#include <memory>
#include <optional>

#include "emulator/machine/faults.h"
#include "emulator/machine/loads.h"
#include "emulator/machine/machine.h"
#include "emulator/machine/timeline.h"
#include "zeus/device/nvml/nvml_abi.h"

/// What every exported function begins with: the machine this process has joined, the GPU that a handle means, and the
/// faults that may answer in its place.
#define ZEUS_EMULATOR_EXPORT extern "C" __attribute__((visibility("default")))

namespace zeus::emulator {

/// Counts users of this process, as nvmlInit and nvmlShutdown do; the first joins the machine that the environment
/// names, the last leaves it.
nvml::Return Enter();
nvml::Return Leave();

/// Null before nvmlInit and after the last nvmlShutdown.
Machine* CurrentMachine();

/// One GPU during one call.
struct Gpu {
  const Machine& machine;
  size_t index;
  SharedGpu& shared;
  const GpuModel& model;
  Nanoseconds now;

  /// Sensors of different GPUs do not update at the same moments.
  [[nodiscard]] Nanoseconds phase() const { return machine.created() + static_cast<Nanoseconds>(index) * 7'000'000; }
};

/// A handle is a pointer into a table of this library, so that any other value is told apart.
nvml::Device HandleOf(size_t gpu);
std::optional<size_t> IndexOf(nvml::Device device);

inline Nanoseconds Now() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * Nanoseconds{1'000'000'000} + time.tv_nsec;
}

/// Runs `body` with the machine.
template <class Body>
nvml::Return OnMachine(const char* function, Body body) {
  Machine* const machine = CurrentMachine();
  if (machine == nullptr) return nvml::kUninitialized;
  if (!machine->configuration().faults.empty()) [[unlikely]] {
    if (const auto fault = FindFault(*machine, function, std::nullopt, Now())) return static_cast<nvml::Return>(*fault);
  }
  return body(*machine);
}

/// Runs `body` with the GPU that the handle means.
template <class Body>
nvml::Return OnGpu(const char* function, nvml::Device device, Body body) {
  Machine* const machine = CurrentMachine();
  if (machine == nullptr) return nvml::kUninitialized;
  const std::optional<size_t> index = IndexOf(device);
  if (!index || *index >= machine->gpu_count()) return nvml::kInvalidArgument;
  const Gpu gpu{*machine, *index, machine->gpu(*index), machine->model(*index), Now()};
  if (!machine->configuration().faults.empty()) [[unlikely]] {
    if (const auto fault = FindFault(*machine, function, index, gpu.now)) return static_cast<nvml::Return>(*fault);
  }
  CheckOwners(gpu.shared, gpu.model, gpu.now);
  return body(gpu);
}

/// A second name of a function: `body` calls the first. Faults of either name count.
template <class Body>
nvml::Return Alias(const char* function, nvml::Device device, Body body) {
  return OnGpu(function, device, [&](const Gpu&) { return body(); });
}

/// Copies a text with its end into a caller's buffer.
nvml::Return CopyText(const std::string& text, char* buffer, unsigned length);

/// Writes numbers into a caller's array the way NVML's list functions do: too little room is told with the room needed.
nvml::Return CopyList(const std::vector<unsigned>& list, unsigned* count, unsigned* values);

/// Whether this process may change settings of the machine.
bool MaySet(const Machine& machine);

/// "GPU-xxxxxxxx-...": the same for the same GPU of the same configuration.
std::string UuidOf(const Machine& machine, size_t gpu);
std::string BusIdOf(size_t gpu, int domain_digits);

}  // namespace zeus::emulator
