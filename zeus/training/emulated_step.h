#pragma once

#include <sys/types.h>

#include <optional>
#include <utility>

#include "zeus/base/result.h"
#include "zeus/base/units.h"

struct ZeusEmulatorLoad;

namespace zeus {

/// What a step asks of an emulated GPU.
struct EmulatedStepOptions {
  int gpu = 0;                   ///< GpuInfo::index: NVML's order, whatever is visible.
  double compute_activity = 1;   ///< How busy the units are while they compute, 0 to 1.
  double memory_share = 0.2;     ///< Of the step's time, 0 to 1: waits for memory, which no clock changes.
  double memory_activity = 0.5;  ///< How busy memory is meanwhile, 0 to 1.
  /// Of the step's time, 0 to 1: the GPU waits for the host, which no clock changes either.
  double host_share = 0;
  /// What the step takes the GPU at its highest clock. Absent: what the host takes.
  std::optional<Seconds> time = std::nullopt;
};

/// A step of training that the host computes where no GPU does:
///
///     const auto step = zeus::EmulatedStep::Begin();
///
/// On an emulated machine (`zeus emulate`) the GPU is busy until the end of the scope, and the scope ends when the GPU
/// has done, at whatever clocks it ran meanwhile, what takes it the step's time at its highest clock. On any other
/// machine this does nothing, and costs nothing.
///
/// What the host takes is what this thread spent on the processor, so that being preempted is not taken for work; what
/// other threads compute counts only as far as this one computes, too. It still varies with what else runs on the host;
/// a time that is given, and longer than the host's, does not.
///
/// Begins and ends on the same thread; one at a time for each GPU and process.
class EmulatedStep {
 public:
  /// Whether this process's NVML is the emulator's. Otherwise a step does nothing.
  static bool Available();
  /// kInvalidArgument for a GPU that the emulated machine does not have, and for shares that are not from 0 to 1;
  /// kUnavailable when the emulator fails. Who does not care keeps the result for the scope without looking.
  static Result<EmulatedStep> Begin(const EmulatedStepOptions& options = {});

  EmulatedStep(EmulatedStep&& other) noexcept
      : load_(std::exchange(other.load_, nullptr)), owner_(other.owner_), time_(other.time_), begun_(other.begun_) {}
  EmulatedStep& operator=(EmulatedStep&&) = delete;
  ~EmulatedStep();

 private:
  EmulatedStep() = default;

  ZeusEmulatorLoad* load_ = nullptr;  ///< Null where there is no emulator.
  pid_t owner_ = 0;                   ///< After fork(2) the step is still the parent's.
  std::optional<Seconds> time_;
  Seconds begun_;  ///< On the thread's clock.
};

}  // namespace zeus
