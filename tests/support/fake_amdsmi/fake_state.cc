#include "tests/support/fake_amdsmi/fake_state.h"

#include <cstring>

namespace zeus::testing {

std::vector<FakeAmdGpu*> FakeState::gpus() {
  std::vector<FakeAmdGpu*> all;
  for (FakeAmdGpu& gpu : gpus_) all.push_back(&gpu);
  return all;
}

void FakeState::Reset() {
  const std::lock_guard lock(mutex_);
  // Handles stay what they are: GPUs are set again, not made again.
#if FAKE_AMDSMI_ABI == 25
  gpus_.resize(3);
  SetGpu(0, 0x0C, 2, 4), SetGpu(1, 0x22, 0, 2), SetGpu(2, 0x38, 1, 3);
#else
  gpus_.resize(2);
  SetGpu(0, 0x23, 1, 3), SetGpu(1, 0x83, 0, 2);
#endif
  failures_.clear();
  calls_.clear();
  settings_.clear();
  deny_ = false;
  hidden_ = false;
  overlapped_ = false;
}

void FakeState::Fail(const char* function, uint32_t first, uint32_t last, uint32_t status) {
  const std::lock_guard lock(mutex_);
  failures_[function] = {calls_[function] + first, calls_[function] + last, status};
}

uint32_t FakeState::calls(const char* function) {
  const std::lock_guard lock(mutex_);
  return calls_[function];
}

std::vector<const char*> FakeState::settings() {
  const std::lock_guard lock(mutex_);
  std::vector<const char*> all;
  for (const std::string& each : settings_) all.push_back(each.c_str());
  return all;
}

Status FakeState::Init(int change) {
  initialised_ += change;
  return kOk;
}

Status FakeState::Enter(const char* function) {
  const std::lock_guard lock(mutex_);
  const uint32_t number = ++calls_[function];
  if (initialised_ <= 0 && std::strcmp(function, "amdsmi_init") != 0) return kNotInit;
  const auto failure = failures_.find(function);
  if (failure == failures_.end() || number < failure->second.first || number > failure->second.last) return kOk;
  return failure->second.status;
}

Status FakeState::EnterSetting(const char* function, std::string call) {
  {
    const std::lock_guard lock(mutex_);
    settings_.push_back(std::move(call));
  }
  if (const Status status = Enter(function); status != kOk) return status;
  return deny_ ? kNoPerm : kOk;
}

FakeAmdGpu* FakeState::Find(Handle handle) {
  for (FakeAmdGpu& gpu : gpus_) {
    if (&gpu == handle) return &gpu;
  }
  return nullptr;
}

void FakeState::SetGpu(size_t slot, uint64_t bus, uint32_t hip_id, uint32_t node_id) {
  FakeAmdGpu& gpu = gpus_[slot];
  static constexpr const char* kUuids[] = {"94ff74a1-0000-1000-80ad-000000000000",
                                           "62ff74a1-0000-1000-80ad-000000000001",
                                           "07ff74a1-0000-1000-80ad-000000000002"};
  // Before the MI300 the sensor gives an average; since then what is drawn now.
  constexpr bool kInstant = FAKE_AMDSMI_ABI > 24;
  gpu.name = FAKE_AMDSMI_ABI == 24   ? "AMD Instinct MI210"
             : FAKE_AMDSMI_ABI == 25 ? "AMD Instinct MI300X"
                                     : "AMD Instinct MI355X";
  gpu.uuid = kUuids[slot];
  gpu.bdf = bus << 8;
  gpu.hip_id = hip_id;
  gpu.node_id = node_id;
  gpu.current_power = kInstant ? 140 : kAbsent;
  gpu.average_power = kInstant ? kAbsent : 42;
  gpu.energy = 1'000'000'000;
  gpu.energy_resolution = 15.259F;
  gpu.hotspot = 41;
  gpu.power_cap = gpu.default_power_cap = gpu.max_power_cap = kInstant ? 750'000'000 : 300'000'000;
  gpu.min_power_cap = kInstant ? 200'000'000 : 100'000'000;
  gpu.clock[0] = 132;
  gpu.clock[1] = 900;
  gpu.hardware_min[0] = gpu.limit_min[0] = 132;
  gpu.hardware_max[0] = gpu.limit_max[0] = 2100;
  gpu.hardware_min[1] = gpu.limit_min[1] = 900;
  gpu.hardware_max[1] = gpu.limit_max[1] = 1300;
  gpu.gfx_activity = 75;
  gpu.umc_activity = 20;
  gpu.memory_total = uint64_t{64} << 30;
  gpu.memory_used = uint64_t{3} << 30;
  gpu.pids.clear();
  gpu.memory_per_process = uint64_t{1} << 30;
  gpu.lost = false;
}

}  // namespace zeus::testing
