// A libamd_smi.so without GPUs: AMD's C interface over numbers that a test sets. Built once for each ABI, with
//   FAKE_AMDSMI_ABI                24, 25 or 26
//   FAKE_AMDSMI_VERSION            {year,} major, minor, release
//   FAKE_AMDSMI_WITHOUT_REQUIRED   leaves out a function that nobody can do without
//   FAKE_AMDSMI_WITHOUT_OPTIONAL   leaves out many that one can do without
//   FAKE_AMDSMI_WITHOUT_ORDER      leaves out those that tell HIP's order
//   FAKE_AMDSMI_ONLY_RANGE         puts back those that change clocks, but for amdsmi_set_gpu_clk_limit
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/support/fake_amdsmi/fake_state.h"
#include "tests/support/fake_amdsmi/real_structs.h"

namespace zeus::testing {
namespace {

FakeState& TheState() {
  static FakeState state;
  return state;
}

[[maybe_unused]] void SetText(char* field, size_t size, const char* text) {
  std::snprintf(field, size, "%s", text);
}

/// Domain 0 or 1 of AMD's clock types GFX (0) and MEM (4); others have no clocks here.
int DomainOf(uint32_t clock_type) {
  return clock_type == 0 ? 0 : clock_type == 4 ? 1 : -1;
}

[[maybe_unused]] Status SetLimit(uint32_t* limit, int domain, uint64_t value, bool allowed) {
  if (!allowed) return kInval;
  limit[domain] = static_cast<uint32_t>(value);
  return kOk;
}

}  // namespace
}  // namespace zeus::testing

using namespace zeus::testing;  // NOLINT

#define EXPORTED extern "C" __attribute__((visibility("default"))) uint32_t
#define ENTER()                               \
  const FakeState::Inside inside(TheState()); \
  if (const Status status = TheState().Enter(__func__); status != kOk) return status
/// The same for a call about one GPU; `gpu` is that.
#define ENTER_PLACE(handle, out)                   \
  ENTER();                                         \
  FakeAmdGpu* const gpu = TheState().Find(handle); \
  if (gpu == nullptr || (out) == nullptr) return kInval
#define ENTER_GPU(handle, out) \
  ENTER_PLACE(handle, out);    \
  if (gpu->lost) return kIo
#define ENTER_SETTING(handle, call)                                                                \
  const FakeState::Inside inside(TheState());                                                      \
  FakeAmdGpu* const gpu = TheState().Find(handle);                                                 \
  if (gpu == nullptr) return kInval;                                                               \
  if (const Status status = TheState().EnterSetting(__func__, call); status != kOk) return status; \
  if (gpu->lost) return kIo

extern "C" __attribute__((visibility("default"))) FakeAmdSmiState* fake_amdsmi_state() {
  return &TheState();
}

EXPORTED amdsmi_init(uint64_t flags) {
  ENTER();
  return flags == 2 ? TheState().Init(1) : kInval;
}

EXPORTED amdsmi_shut_down() {
  ENTER();
  return TheState().Init(-1);
}

EXPORTED amdsmi_get_lib_version(Version* version) {
  ENTER();
  *version = Version{FAKE_AMDSMI_VERSION, "fake"};
  return kOk;
}

/// Each GPU is a socket of its own, as on real machines.
EXPORTED amdsmi_get_socket_handles(uint32_t* count, Handle* sockets) {
  ENTER();
  const uint32_t room = sockets == nullptr ? 0 : *count;
  *count = static_cast<uint32_t>(TheState().socket_count());
  for (uint32_t i = 0; i < std::min(room, *count); ++i) sockets[i] = &TheState().all()[i];
  return kOk;
}

EXPORTED amdsmi_get_processor_handles(Handle socket, uint32_t* count, Handle* processors) {
  ENTER();
  if (TheState().Find(socket) == nullptr) return kInval;
  if (processors != nullptr && *count >= 1) processors[0] = socket;
  *count = 1;
  return kOk;
}

EXPORTED amdsmi_get_gpu_asic_info(Handle handle, AsicInfo* info) {
  ENTER_GPU(handle, info);
  std::memset(info, 0xFF, sizeof(*info));
  SetText(info->market_name, sizeof(info->market_name), gpu->name);
  return kOk;
}

EXPORTED amdsmi_get_gpu_device_bdf(Handle handle, uint64_t* bdf) {
  ENTER_PLACE(handle, bdf);
  *bdf = gpu->bdf;
  return kOk;
}

EXPORTED amdsmi_get_power_info(Handle handle, PowerInfo* info) {
  ENTER_GPU(handle, info);
  std::memset(info, 0xFF, sizeof(*info));
  info->current_socket_power = gpu->current_power;
  info->average_socket_power = gpu->average_power;
  return kOk;
}

EXPORTED amdsmi_get_power_cap_info(Handle handle, uint32_t sensor, PowerCapInfo* info) {
  ENTER_GPU(handle, info);
  if (sensor != 0) return kInval;
  *info = {gpu->power_cap, gpu->default_power_cap, 0, gpu->min_power_cap, gpu->max_power_cap, {}};
  return kOk;
}

EXPORTED amdsmi_set_power_cap(Handle handle, uint32_t sensor, uint64_t cap) {
  ENTER_SETTING(handle, "power_cap " + std::to_string(cap));
  if (sensor != 0 || cap < gpu->min_power_cap || cap > gpu->max_power_cap) return kInval;
  gpu->power_cap = cap;
  return kOk;
}

#ifndef FAKE_AMDSMI_WITHOUT_REQUIRED
EXPORTED amdsmi_get_energy_count(Handle handle, uint64_t* count, float* resolution, uint64_t* timestamp) {
  ENTER_GPU(handle, count);
  *count = gpu->energy;
  *resolution = gpu->energy_resolution;
  *timestamp = 1;
  return kOk;
}
#endif

EXPORTED amdsmi_get_clock_info(Handle handle, uint32_t type, ClkInfo* info) {
  ENTER_GPU(handle, info);
  const int domain = DomainOf(type);
  if (domain < 0) return kNotSupported;
  *info = {gpu->clock[domain], gpu->limit_min[domain], gpu->limit_max[domain], 0, 0, {}};
  return kOk;
}

#ifndef FAKE_AMDSMI_WITHOUT_ORDER
EXPORTED amdsmi_get_gpu_kfd_info(Handle handle, KfdInfo* info) {
  ENTER_PLACE(handle, info);
  *info = {gpu->node_id * 1000ULL, gpu->node_id, 0, {}};
  return kOk;
}
#endif

#if FAKE_AMDSMI_ABI > 24 && !defined(FAKE_AMDSMI_WITHOUT_ORDER)
EXPORTED amdsmi_get_gpu_enumeration_info(Handle handle, EnumerationInfo* info) {
  ENTER_PLACE(handle, info);
  *info = {128 + gpu->hip_id, gpu->hip_id, gpu->hip_id + 1, gpu->hip_id, {}};
  return kOk;
}
#endif

#ifndef FAKE_AMDSMI_WITHOUT_OPTIONAL
EXPORTED amdsmi_get_gpu_device_uuid(Handle handle, uint32_t* size, char* uuid) {
  ENTER_GPU(handle, uuid);
  if (*size < 38) return kInval;
  SetText(uuid, *size, gpu->uuid);
  return kOk;
}

EXPORTED amdsmi_get_temp_metric(Handle handle, uint32_t sensor, uint32_t metric, int64_t* degrees) {
  ENTER_GPU(handle, degrees);
  if (sensor != 1 || metric != 0) return kNotSupported;
  *degrees = gpu->hotspot;
  return kOk;
}

EXPORTED amdsmi_set_gpu_clk_limit(Handle handle, uint32_t type, uint32_t limit, uint64_t value) {
  ENTER_SETTING(handle, "clk_limit " + std::to_string(type) + (limit == 0 ? " min " : " max ") + std::to_string(value));
  const int domain = DomainOf(type);
  if (domain < 0 || limit > 1) return kInval;
  const bool in_range = value >= gpu->hardware_min[domain] && value <= gpu->hardware_max[domain];
  if (limit == 0) return SetLimit(gpu->limit_min, domain, value, in_range && value <= gpu->limit_max[domain]);
  return SetLimit(gpu->limit_max, domain, value, in_range && value >= gpu->limit_min[domain]);
}

EXPORTED amdsmi_get_gpu_activity(Handle handle, EngineUsage* usage) {
  ENTER_GPU(handle, usage);
  *usage = {gpu->gfx_activity, gpu->umc_activity, kAbsent, {}};
  return kOk;
}

EXPORTED amdsmi_get_gpu_memory_total(Handle handle, uint32_t type, uint64_t* bytes) {
  ENTER_GPU(handle, bytes);
  *bytes = gpu->memory_total;
  return type == 0 ? kOk : kNotSupported;
}

EXPORTED amdsmi_get_gpu_memory_usage(Handle handle, uint32_t type, uint64_t* bytes) {
  ENTER_GPU(handle, bytes);
  *bytes = gpu->memory_used;
  return type == 0 ? kOk : kNotSupported;
}

EXPORTED amdsmi_get_gpu_process_list(Handle handle, uint32_t* count, ProcInfo* list) {
  ENTER_GPU(handle, count);
  const uint32_t room = *count;
  *count = static_cast<uint32_t>(gpu->pids.size());
  if (room == 0 || gpu->pids.empty()) return kOk;
  if (list == nullptr) return kInval;
  for (uint32_t i = 0; i < std::min(room, *count); ++i) {
    list[i] = {};
    SetText(list[i].name, sizeof(list[i].name), "python3");
    list[i].pid = gpu->pids[i];
    list[i].mem = 1;
    list[i].memory_usage.vram_mem = gpu->memory_per_process;
  }
  return room >= *count ? kOk : kOutOfResources;
}
#endif

#if !defined(FAKE_AMDSMI_WITHOUT_OPTIONAL) || defined(FAKE_AMDSMI_ONLY_RANGE)
EXPORTED amdsmi_set_gpu_perf_level(Handle handle, uint32_t level) {
  ENTER_SETTING(handle, "perf_level " + std::to_string(level));
  if (level != 0) return kNotSupported;
  for (int domain = 0; domain < 2; ++domain) {
    gpu->limit_min[domain] = gpu->hardware_min[domain];
    gpu->limit_max[domain] = gpu->hardware_max[domain];
  }
  return kOk;
}

EXPORTED amdsmi_set_gpu_clk_range(Handle handle, uint64_t minimum, uint64_t maximum, uint32_t type) {
  ENTER_SETTING(handle,
                "clk_range " + std::to_string(type) + " " + std::to_string(minimum) + " " + std::to_string(maximum));
  const int domain = DomainOf(type);
  if (domain < 0 || minimum > maximum || minimum < gpu->hardware_min[domain] || maximum > gpu->hardware_max[domain]) {
    return kInval;
  }
  gpu->limit_min[domain] = static_cast<uint32_t>(minimum);
  gpu->limit_max[domain] = static_cast<uint32_t>(maximum);
  return kOk;
}
#endif
