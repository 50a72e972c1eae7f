#pragma once

#include <cstddef>
#include <cstdint>

/// What Zeus uses of AMD SMI's C interface, declared here because the library is opened at run time: nothing of ROCm is
/// needed to build. The number is that of the shared object: libamd_smi.so.24 is ROCm 6.3's, .25 is 6.4's, .26 is 7's.
/// Layouts and numbers as in the amdsmi packages 6.3.3, 6.4.4 and 7.0.2 (amdsmi_wrapper.py, made by AMD from amdsmi.h).
namespace zeus::amdsmi {

enum class Abi { k24 = 24, k25 = 25, k26 = 26 };

using Status = uint32_t;
using SocketHandle = void*;
using ProcessorHandle = void*;

inline constexpr uint64_t kInitGpus = 2;
inline constexpr uint32_t kClockGraphics = 0;
inline constexpr uint32_t kClockMemory = 4;
inline constexpr uint32_t kLimitMinimum = 0;
inline constexpr uint32_t kLimitMaximum = 1;
inline constexpr uint32_t kPerformanceLevelAuto = 0;
inline constexpr uint32_t kTemperatureHotspot = 1;
inline constexpr uint32_t kTemperatureCurrent = 0;
inline constexpr uint32_t kMemoryVram = 0;
inline constexpr uint32_t kUuidBytes = 38;

/// How the library says "not available" in a field of 32 bits: the first is a metrics table's field of 16 bits.
inline constexpr bool IsAbsent(uint32_t value) {
  return value == UINT16_MAX || value == UINT32_MAX;
}

struct Version24 {  ///< 25, too.
  uint32_t year, major, minor, release;
  const char* build;
};
struct Version26 {
  uint32_t major, minor, release;
  const char* build;
};
static_assert(sizeof(Version24) == 24 && offsetof(Version24, build) == 16);
static_assert(sizeof(Version26) == 24 && offsetof(Version26, build) == 16);

/// Larger than the 456 bytes of 24 and the 896 of 25 and 26; all of them begin with the name.
struct AsicInfo {
  char market_name[256];
  char rest[768];
};
static_assert(sizeof(AsicInfo) == 1024);

struct PowerInfo24 {  ///< Watts.
  uint32_t current_socket_power, average_socket_power;
  uint32_t rest[15];
};
struct PowerInfo25 {
  uint64_t socket_power;
  uint32_t current_socket_power, average_socket_power;
  uint32_t rest[6];
};
struct PowerInfo26 {
  uint64_t socket_power;
  uint32_t current_socket_power, average_socket_power;
  uint64_t rest[22];
};
static_assert(sizeof(PowerInfo24) == 68 && offsetof(PowerInfo24, average_socket_power) == 4);
static_assert(sizeof(PowerInfo25) == 40 && offsetof(PowerInfo25, current_socket_power) == 8);
static_assert(sizeof(PowerInfo26) == 192 && offsetof(PowerInfo26, average_socket_power) == 12);

struct PowerCapInfo {  ///< Microwatts.
  uint64_t power_cap, default_power_cap, dpm_cap, min_power_cap, max_power_cap;
  uint64_t reserved[3];
};
static_assert(sizeof(PowerCapInfo) == 64 && offsetof(PowerCapInfo, max_power_cap) == 32);

struct ClockInfo {  ///< Megahertz.
  uint32_t clk, min_clk, max_clk;
  uint8_t clk_locked, clk_deep_sleep;
  uint32_t reserved[4];
};
static_assert(sizeof(ClockInfo) == 32 && offsetof(ClockInfo, reserved) == 16);

struct EngineUsage {  ///< Percent.
  uint32_t gfx_activity, umc_activity, mm_activity;
  uint32_t reserved[13];
};
static_assert(sizeof(EngineUsage) == 64);

struct KfdInfo {
  uint64_t kfd_id;
  uint32_t node_id, current_partition_id;
  uint32_t reserved[12];
};
static_assert(sizeof(KfdInfo) == 64 && offsetof(KfdInfo, node_id) == 8);

struct EnumerationInfo {  ///< Since 25.
  uint32_t drm_render, drm_card, hsa_id, hip_id;
  char hip_uuid[256];
};
static_assert(sizeof(EnumerationInfo) == 272 && offsetof(EnumerationInfo, hip_id) == 12);

/// One of the processes with a queue on a GPU. Text is 32 bytes in 24, and 256 from 25 on.
template <size_t kText, size_t kReserved>
struct ProcessInfo {
  char name[kText];
  uint32_t pid;
  uint64_t mem;
  uint64_t engine_usage[8];
  uint64_t gtt_mem, cpu_mem, vram_mem;  ///< Bytes.
  uint64_t memory_reserved[5];
  char container_name[kText];
  uint32_t rest[kReserved];
};
using ProcessInfo24 = ProcessInfo<32, 4>;
using ProcessInfo25 = ProcessInfo<256, 12>;
static_assert(sizeof(ProcessInfo24) == 224 && offsetof(ProcessInfo24, vram_mem) == 128);
static_assert(sizeof(ProcessInfo25) == 704 && offsetof(ProcessInfo25, vram_mem) == 352);

}  // namespace zeus::amdsmi
