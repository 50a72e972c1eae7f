// Putting load on a GPU: see emulator/nvml/zeus_emulator.h.
#include <cmath>

#include "emulator/nvml/context.h"
#include "emulator/nvml/zeus_emulator.h"

using namespace zeus::emulator;  // NOLINT: a file of nothing but exported C functions.

struct ZeusEmulatorLoad {
  size_t gpu;
  size_t slot;
};

namespace {

constexpr double kLongest = 1e9;

bool IsShare(double value) {
  return value >= 0 && value <= 1;
}

bool IsDuration(double seconds) {
  return seconds >= 0 && seconds <= kLongest;
}

/// Holds the machine open for one call or one load.
class Use {
 public:
  Use() : result_(Enter()) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    if (result_ == zeus::nvml::kSuccess) Leave();
  }

  /// From now on the caller leaves.
  void Keep() { result_ = zeus::nvml::kUninitialized; }
  [[nodiscard]] zeus::nvml::Return result() const { return result_; }

 private:
  zeus::nvml::Return result_;
};

Load LoadOfThisProcess(LoadKind kind, unsigned long long memory_bytes) {
  const ProcessIdentity self = ProcessIdentity::Current();
  return {.pid = self.pid, .process_start = self.start, .kind = kind, .memory_bytes = memory_bytes};
}

}  // namespace

ZEUS_EMULATOR_EXPORT int zeusEmulatorBeginLoad(unsigned gpu, double compute, double memory,
                                               unsigned long long memory_bytes, zeusEmulatorLoad_t* load) {
  Use use;
  if (use.result() != zeus::nvml::kSuccess) return use.result();
  const Machine& machine = *CurrentMachine();
  if (gpu >= machine.gpu_count() || load == nullptr || !IsShare(compute) || !IsShare(memory)) {
    return zeus::nvml::kInvalidArgument;
  }
  Load begun = LoadOfThisProcess(LoadKind::kActivity, memory_bytes);
  begun.compute = compute;
  begun.memory = memory;
  const zeus::Result<size_t> slot = AddLoad(machine.gpu(gpu), machine.model(gpu), begun, Now());
  if (!slot) return zeus::nvml::kMemory;
  *load = new ZeusEmulatorLoad{gpu, *slot};
  use.Keep();
  return zeus::nvml::kSuccess;
}

ZEUS_EMULATOR_EXPORT int zeusEmulatorChangeLoad(zeusEmulatorLoad_t load, double compute, double memory) {
  const Machine* const machine = CurrentMachine();
  if (machine == nullptr || load == nullptr || !IsShare(compute) || !IsShare(memory))
    return zeus::nvml::kInvalidArgument;
  ChangeActivity(machine->gpu(load->gpu), machine->model(load->gpu), load->slot, {compute, memory}, Now());
  return zeus::nvml::kSuccess;
}

ZEUS_EMULATOR_EXPORT int zeusEmulatorEndLoad(zeusEmulatorLoad_t load) {
  const Machine* const machine = CurrentMachine();
  if (machine == nullptr || load == nullptr) return zeus::nvml::kInvalidArgument;
  RemoveLoad(machine->gpu(load->gpu), machine->model(load->gpu), load->slot, Now());
  delete load;
  return Leave();
}

ZEUS_EMULATOR_EXPORT int zeusEmulatorRunWork(unsigned gpu, const zeusEmulatorWork_t* work,
                                             unsigned long long memory_bytes) {
  const Use use;
  if (use.result() != zeus::nvml::kSuccess) return use.result();
  const Machine& machine = *CurrentMachine();
  if (gpu >= machine.gpu_count() || work == nullptr || !IsDuration(work->compute_seconds) ||
      !IsDuration(work->memory_seconds) || !IsDuration(work->host_seconds) || !IsShare(work->compute_activity) ||
      !IsShare(work->memory_activity)) {
    return zeus::nvml::kInvalidArgument;
  }
  if (work->compute_seconds + work->memory_seconds + work->host_seconds <= 0) return zeus::nvml::kSuccess;
  const GpuModel& model = machine.model(gpu);
  Load load = LoadOfThisProcess(LoadKind::kWork, memory_bytes);
  load.compute = work->compute_activity;
  load.memory = 0;
  // Units that wait for memory are not switched off.
  load.moving_compute = work->compute_activity * model.power.stalled_compute;
  load.moving_memory = work->memory_activity;
  load.compute_seconds = work->compute_seconds;
  load.memory_seconds = work->memory_seconds;
  load.host_seconds = work->host_seconds;
  SharedGpu& shared = machine.gpu(gpu);
  const zeus::Result<size_t> slot = AddLoad(shared, model, load, Now());
  if (!slot) return zeus::nvml::kMemory;
  AwaitWork(shared, model, *slot);
  RemoveLoad(shared, model, *slot, Now());
  return zeus::nvml::kSuccess;
}
