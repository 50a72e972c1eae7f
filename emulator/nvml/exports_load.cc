// Putting load on a GPU: see emulator/nvml/zeus_emulator.h.
#include <cmath>

#include "emulator/nvml/context.h"
#include "emulator/nvml/zeus_emulator.h"

using namespace zeus::emulator;  // NOLINT: a file of nothing but exported C functions.

struct ZeusEmulatorLoad {
  size_t gpu;
  size_t slot;
  LoadKind kind;
};

namespace {

constexpr double kLongest = 1e9;

bool IsShare(double value) {
  return value >= 0 && value <= 1;
}

bool IsDuration(double seconds) {
  return seconds >= 0 && seconds <= kLongest;
}

bool IsWork(const zeusEmulatorWork_t* work) {
  return work != nullptr && IsDuration(work->compute_seconds) && IsDuration(work->memory_seconds) &&
         IsDuration(work->host_seconds) && IsShare(work->compute_activity) && IsShare(work->memory_activity);
}

double Total(const zeusEmulatorWork_t& work) {
  return work.compute_seconds + work.memory_seconds + work.host_seconds;
}

bool IsOf(zeusEmulatorLoad_t load, LoadKind kind) {
  return load != nullptr && load->kind == kind;
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

Load LoadOf(const zeusEmulatorWork_t& work, unsigned long long memory_bytes, const GpuModel& model) {
  Load load = LoadOfThisProcess(LoadKind::kWork, memory_bytes);
  load.compute = work.compute_activity;
  load.memory = 0;
  // Units that wait for memory are not switched off.
  load.moving_compute = work.compute_activity * model.power.stalled_compute;
  load.moving_memory = work.memory_activity;
  load.compute_seconds = work.compute_seconds;
  load.memory_seconds = work.memory_seconds;
  load.host_seconds = work.host_seconds;
  return load;
}

/// `make_load` makes the load for this model of GPU.
template <class MakeLoad>
int Begin(unsigned gpu, LoadKind kind, zeusEmulatorLoad_t* load, MakeLoad make_load) {
  Use use;
  if (use.result() != zeus::nvml::kSuccess) return use.result();
  const Machine& machine = *CurrentMachine();
  if (gpu >= machine.gpu_count()) return zeus::nvml::kInvalidArgument;
  const GpuModel& model = machine.model(gpu);
  const zeus::Result<size_t> slot = AddLoad(machine.gpu(gpu), model, make_load(model), Now());
  if (!slot) return zeus::nvml::kMemory;
  *load = new ZeusEmulatorLoad{gpu, *slot, kind};
  use.Keep();
  return zeus::nvml::kSuccess;
}

}  // namespace

ZEUS_EMULATOR_EXPORT int zeusEmulatorBeginLoad(unsigned gpu, double compute, double memory,
                                               unsigned long long memory_bytes, zeusEmulatorLoad_t* load) {
  if (load == nullptr || !IsShare(compute) || !IsShare(memory)) return zeus::nvml::kInvalidArgument;
  return Begin(gpu, LoadKind::kActivity, load, [&](const GpuModel&) {
    Load begun = LoadOfThisProcess(LoadKind::kActivity, memory_bytes);
    begun.compute = compute;
    begun.memory = memory;
    return begun;
  });
}

ZEUS_EMULATOR_EXPORT int zeusEmulatorChangeLoad(zeusEmulatorLoad_t load, double compute, double memory) {
  const Machine* const machine = CurrentMachine();
  if (machine == nullptr || !IsOf(load, LoadKind::kActivity) || !IsShare(compute) || !IsShare(memory)) {
    return zeus::nvml::kInvalidArgument;
  }
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

ZEUS_EMULATOR_EXPORT int zeusEmulatorBeginWork(unsigned gpu, const zeusEmulatorWork_t* work,
                                               unsigned long long memory_bytes, zeusEmulatorLoad_t* load) {
  if (load == nullptr || !IsWork(work) || Total(*work) <= 0) return zeus::nvml::kInvalidArgument;
  return Begin(gpu, LoadKind::kWork, load, [&](const GpuModel& model) { return LoadOf(*work, memory_bytes, model); });
}

ZEUS_EMULATOR_EXPORT int zeusEmulatorAwaitWork(zeusEmulatorLoad_t load, double share) {
  const Machine* const machine = CurrentMachine();
  if (machine == nullptr || !IsOf(load, LoadKind::kWork) || !IsShare(share)) return zeus::nvml::kInvalidArgument;
  AwaitWork(machine->gpu(load->gpu), machine->model(load->gpu), load->slot, share);
  return zeus::nvml::kSuccess;
}

ZEUS_EMULATOR_EXPORT int zeusEmulatorRunWork(unsigned gpu, const zeusEmulatorWork_t* work,
                                             unsigned long long memory_bytes) {
  const Use use;
  if (use.result() != zeus::nvml::kSuccess) return use.result();
  if (gpu >= CurrentMachine()->gpu_count() || !IsWork(work)) return zeus::nvml::kInvalidArgument;
  if (Total(*work) <= 0) return zeus::nvml::kSuccess;
  zeusEmulatorLoad_t load = nullptr;
  if (const int result = zeusEmulatorBeginWork(gpu, work, memory_bytes, &load); result != 0) return result;
  zeusEmulatorAwaitWork(load, 1);
  return zeusEmulatorEndLoad(load);
}
