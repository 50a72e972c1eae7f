#pragma once

#include <cstdint>

/// The structures of the real library, whole and written down apart from those of zeus/device/amdsmi, so that a mistake
/// there meets something that does not share it. FAKE_AMDSMI_ABI is 24, 25 or 26.
namespace zeus::testing {

#if FAKE_AMDSMI_ABI == 24
inline constexpr int kLongText = 64;
inline constexpr int kShortText = 32;
#else
inline constexpr int kLongText = 256;
inline constexpr int kShortText = 256;
#endif

struct Version {
#if FAKE_AMDSMI_ABI < 26
  uint32_t year;
#endif
  uint32_t major;
  uint32_t minor;
  uint32_t release;
  const char* build;
};
static_assert(sizeof(Version) == 24);

struct AsicInfo {
  char market_name[256];
  uint32_t vendor_id;
  char vendor_name[kLongText];
  uint32_t subvendor_id;
  uint64_t device_id;
  uint32_t rev_id;
  char asic_serial[kShortText];
  uint32_t oam_id;
  uint32_t num_of_compute_units;
  uint64_t target_graphics_version;
#if FAKE_AMDSMI_ABI == 24
  uint32_t reserved[15];
#elif FAKE_AMDSMI_ABI == 25
  uint32_t reserved[22];
#else
  uint32_t subsystem_id;
  uint32_t reserved[21];
#endif
};
static_assert(sizeof(AsicInfo) == (FAKE_AMDSMI_ABI == 24 ? 456 : 896));

struct PowerInfo {
#if FAKE_AMDSMI_ABI > 24
  uint64_t socket_power;
#endif
  uint32_t current_socket_power;
  uint32_t average_socket_power;
#if FAKE_AMDSMI_ABI < 26
  uint32_t gfx_voltage;
  uint32_t soc_voltage;
  uint32_t mem_voltage;
#else
  uint64_t gfx_voltage;
  uint64_t soc_voltage;
  uint64_t mem_voltage;
#endif
  uint32_t power_limit;
#if FAKE_AMDSMI_ABI == 24
  uint32_t reserved[11];
#elif FAKE_AMDSMI_ABI == 25
  uint32_t reserved[2];
#else
  uint64_t reserved[18];
#endif
};
static_assert(sizeof(PowerInfo) == (FAKE_AMDSMI_ABI == 24 ? 68 : FAKE_AMDSMI_ABI == 25 ? 40 : 192));

struct PowerCapInfo {
  uint64_t power_cap;
  uint64_t default_power_cap;
  uint64_t dpm_cap;
  uint64_t min_power_cap;
  uint64_t max_power_cap;
  uint64_t reserved[3];
};
static_assert(sizeof(PowerCapInfo) == 64);

struct ClkInfo {
  uint32_t clk;
  uint32_t min_clk;
  uint32_t max_clk;
  uint8_t clk_locked;
  uint8_t clk_deep_sleep;
  uint32_t reserved[4];
};
static_assert(sizeof(ClkInfo) == 32);

struct EngineUsage {
  uint32_t gfx_activity;
  uint32_t umc_activity;
  uint32_t mm_activity;
  uint32_t reserved[13];
};
static_assert(sizeof(EngineUsage) == 64);

struct KfdInfo {
  uint64_t kfd_id;
  uint32_t node_id;
  uint32_t current_partition_id;
  uint32_t reserved[12];
};
static_assert(sizeof(KfdInfo) == 64);

struct EnumerationInfo {
  uint32_t drm_render;
  uint32_t drm_card;
  uint32_t hsa_id;
  uint32_t hip_id;
  char hip_uuid[256];
};
static_assert(sizeof(EnumerationInfo) == 272);

struct ProcInfo {
  char name[kShortText];
  uint32_t pid;
  uint64_t mem;
  struct {
    uint64_t gfx;
    uint64_t enc;
    uint32_t reserved[12];
  } engine_usage;
  struct {
    uint64_t gtt_mem;
    uint64_t cpu_mem;
    uint64_t vram_mem;
    uint32_t reserved[10];
  } memory_usage;
  char container_name[kShortText];
#if FAKE_AMDSMI_ABI == 24
  uint32_t reserved[4];
#else
  uint32_t cu_occupancy;
  uint32_t reserved[11];
#endif
};
static_assert(sizeof(ProcInfo) == (FAKE_AMDSMI_ABI == 24 ? 224 : 704));

}  // namespace zeus::testing
