#pragma once

#include <memory>
#include <string>

#include "emulator/machine/loads.h"
#include "emulator/machine/timeline.h"

namespace zeus::testing {

/// The shared state of one emulated GPU, without a machine around it: for tests that say themselves what time it is.
class SharedTestGpu {
 public:
  static constexpr emulator::Nanoseconds kMade = 1'000'000'000;

  explicit SharedTestGpu(const std::string& preset = "v100") : model_(emulator::FindPreset(preset).value()) {
    emulator::InitialiseGpu(*gpu_, model_, kMade);
  }

  [[nodiscard]] emulator::SharedGpu& gpu() const { return *gpu_; }
  [[nodiscard]] const emulator::GpuModel& model() const { return model_; }

  /// A moment of the machine's life.
  static emulator::Nanoseconds After(double seconds) {
    return kMade + static_cast<emulator::Nanoseconds>(seconds * 1e9);
  }
  [[nodiscard]] emulator::Moment MomentAt(double seconds) const { return emulator::At(*gpu_, model_, After(seconds)); }
  [[nodiscard]] Result<size_t> Add(const emulator::Load& load, double at) const {
    return emulator::AddLoad(*gpu_, model_, load, After(at));
  }
  void Remove(size_t slot, double at) const { emulator::RemoveLoad(*gpu_, model_, slot, After(at)); }
  void Set(emulator::Setting::Kind kind, uint64_t value, double at) const {
    emulator::Apply(*gpu_, model_, {kind, value}, After(at));
  }
  void SetLimit(Watts limit, double at) const {
    Set(emulator::Setting::Kind::kPowerLimit, static_cast<uint64_t>(limit.value() * 1000), at);
  }

  static emulator::Load Context(uint64_t memory_bytes = 0) {
    const emulator::ProcessIdentity self = emulator::ProcessIdentity::Current();
    return {.pid = self.pid, .process_start = self.start, .memory_bytes = memory_bytes};
  }
  static emulator::Load Steady(emulator::Activity activity) {
    emulator::Load load = Context();
    load.kind = emulator::LoadKind::kActivity;
    load.compute = activity.compute;
    load.memory = activity.memory;
    return load;
  }
  static emulator::Load WorkOf(const emulator::Work& work) {
    emulator::Load load = Context();
    load.kind = emulator::LoadKind::kWork;
    load.compute = work.computing.compute;
    load.memory = work.computing.memory;
    load.moving_compute = work.moving.compute;
    load.moving_memory = work.moving.memory;
    load.compute_seconds = work.compute.value();
    load.memory_seconds = work.memory.value();
    load.host_seconds = work.host.value();
    return load;
  }

 private:
  const emulator::GpuModel model_;
  const std::unique_ptr<emulator::SharedGpu> gpu_ = std::make_unique<emulator::SharedGpu>();
};

}  // namespace zeus::testing
