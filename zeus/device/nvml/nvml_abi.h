#pragma once

#include <cstdint>

/// The part of NVIDIA's management library that Zeus calls: types and constants as the library has them in memory,
/// under names of our own. Source: NVML API Reference Guide (docs.nvidia.com/deploy/nvml-api), checked in the tests
/// against NVIDIA's own Python binding.
namespace zeus::nvml {

using Device = struct DeviceTag*;

enum Return : int {
  kSuccess = 0,
  kUninitialized = 1,
  kInvalidArgument = 2,
  kNotSupported = 3,
  kNoPermission = 4,
  kNotFound = 6,
  kInsufficientSize = 7,
  kInsufficientPower = 8,
  kDriverNotLoaded = 9,
  kTimeout = 10,
  kIrqIssue = 11,
  kLibraryNotFound = 12,
  kFunctionNotFound = 13,
  kCorruptedInforom = 14,
  kGpuIsLost = 15,
  kResetRequired = 16,
  kOperatingSystem = 17,
  kLibRmVersionMismatch = 18,
  kInUse = 19,
  kMemory = 20,
  kArgumentVersionMismatch = 25,
  kUnknown = 999,
};

enum ClockType : int { kClockGraphics = 0, kClockSm = 1, kClockMemory = 2, kClockVideo = 3 };
enum EnableState : int { kDisabled = 0, kEnabled = 1 };
enum TemperatureSensor : int { kTemperatureGpu = 0 };
enum ValueType : int { kDouble = 0, kUnsignedInt = 1, kUnsignedLong = 2, kUnsignedLongLong = 3 };

/// Fields of nvmlDeviceGetFieldValues and what their scope means for power.
inline constexpr unsigned kFieldPowerAverage = 185;
inline constexpr unsigned kFieldPowerInstant = 186;
inline constexpr unsigned kScopeGpu = 0;
inline constexpr unsigned kScopeModule = 1;
inline constexpr unsigned kScopeMemory = 2;

/// Bits of nvmlDeviceGetCurrentClocksEventReasons.
inline constexpr uint64_t kReasonGpuIdle = 0x01;
inline constexpr uint64_t kReasonClockSetting = 0x02;
inline constexpr uint64_t kReasonSoftwarePowerCap = 0x04;
inline constexpr uint64_t kReasonHardwareSlowdown = 0x08;
inline constexpr uint64_t kReasonSyncBoost = 0x10;
inline constexpr uint64_t kReasonSoftwareThermal = 0x20;
inline constexpr uint64_t kReasonHardwareThermal = 0x40;
inline constexpr uint64_t kReasonHardwarePowerBrake = 0x80;

/// Generations, as nvmlDeviceGetArchitecture numbers them.
inline constexpr unsigned kVolta = 5;
inline constexpr unsigned kAmpere = 7;

inline constexpr unsigned kNameBytes = 96;
inline constexpr unsigned kUuidBytes = 96;
inline constexpr unsigned kVersionBytes = 80;

/// Where the driver cannot tell a process's memory.
inline constexpr uint64_t kValueNotAvailable = ~uint64_t{0};

union Value {
  double as_double;
  unsigned as_unsigned;
  uint64_t as_unsigned_long;
};

struct FieldValue {
  unsigned field;
  unsigned scope;
  int64_t timestamp_us;
  int64_t latency_us;
  ValueType type;
  Return result;
  Value value;
};
static_assert(sizeof(FieldValue) == 40);

struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain;
  unsigned bus;
  unsigned device;
  unsigned device_id;  ///< Device in the upper 16 bits, vendor in the lower.
  unsigned subsystem_id;
  char bus_id[32];
};
static_assert(sizeof(PciInfo) == 68);

struct Memory {
  uint64_t total;
  uint64_t free;
  uint64_t used;
};

/// `version` says which structure the caller means: its size and its number.
struct MemoryV2 {
  unsigned version;
  uint64_t total;
  uint64_t reserved;
  uint64_t free;
  uint64_t used;
};
inline constexpr unsigned kMemoryV2 = sizeof(MemoryV2) | (2U << 24);
static_assert(kMemoryV2 == 0x02000028);

struct Utilization {
  unsigned gpu;     ///< Percent.
  unsigned memory;  ///< Percent.
};

struct TemperatureV1 {
  unsigned version;
  TemperatureSensor sensor;
  int celsius;
};
inline constexpr unsigned kTemperatureV1 = sizeof(TemperatureV1) | (1U << 24);
static_assert(kTemperatureV1 == 0x0100000C);

struct ProcessInfo {
  unsigned pid;
  uint64_t used_memory;
  unsigned gpu_instance;
  unsigned compute_instance;
};
static_assert(sizeof(ProcessInfo) == 24);

}  // namespace zeus::nvml
