#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

/// What the processes that use one emulated machine share. Everything lies in one file mapped by all of them.
///
/// Readers never wait: what they read is atomic, and a segment is never changed once it is published. Writers hold the
/// GPU's mutex, which is robust: one that is killed while it holds it leaves every published word as it was.
namespace zeus::emulator {

/// Nanoseconds on the machine's monotonic clock.
using Nanoseconds = int64_t;

/// From `start` on the GPU draws `watts`, until the next segment begins.
struct Segment {
  std::atomic<Nanoseconds> start;
  std::atomic<double> joules_before;   ///< Since the machine was made, at `start`.
  std::atomic<double> celsius_before;  ///< At `start`.
  std::atomic<double> watts;
  std::atomic<double> memory_watts;       ///< Memory's share.
  std::atomic<float> gpu_utilization;     ///< 0 to 1.
  std::atomic<float> memory_utilization;  ///< 0 to 1.
  std::atomic<uint32_t> clock_mhz;
  std::atomic<uint32_t> throttle_reasons;  ///< NVML's bits.
};

/// As many changes as the longest averaging window is likely to hold; older ones are forgotten.
inline constexpr uint64_t kSegments = 4096;

enum class LoadKind : uint32_t {
  kContext,   ///< A process that holds the GPU open and does nothing.
  kActivity,  ///< A steady load.
  kWork,      ///< A piece of work with an end.
};

/// One thing that a process runs on the GPU. Guarded by the GPU's mutex.
struct Load {
  int32_t pid = 0;             ///< 0: the slot is free.
  uint64_t process_start = 0;  ///< Tells a process from a later one with the same pid.
  LoadKind kind = LoadKind::kContext;
  uint64_t memory_bytes = 0;
  double compute = 0;  ///< kActivity: activities. kWork: those while it computes.
  double memory = 0;
  double moving_compute = 0;  ///< kWork: activities while it waits for memory.
  double moving_memory = 0;
  double compute_seconds = 0;  ///< kWork: at the highest clock.
  double memory_seconds = 0;
  double host_seconds = 0;
  double done = 0;  ///< kWork: 0 to 1, at `updated`.
  double rate = 0;  ///< kWork: of `done`, per second.
  Nanoseconds updated = 0;
};

inline constexpr size_t kMaxLoads = 64;

struct SharedGpu {
  // Read by anyone at any time, written under the mutex.
  std::atomic<uint32_t> limit_mw;
  std::atomic<uint32_t> persistence;
  std::atomic<uint64_t> graphics_lock;  ///< Highest << 32 | lowest, MHz; 0: not locked.
  std::atomic<uint64_t> memory_lock;
  std::atomic<uint64_t> memory_used;
  std::atomic<uint64_t> published;      ///< Segments so far; the last is segments[(published - 1) % kSegments].
  std::atomic<uint32_t> changes;        ///< A futex: who waits for work sleeps on it.
  std::atomic<Nanoseconds> next_check;  ///< When someone should look whether the owners of loads still live.
  std::array<Segment, kSegments> segments;

  std::atomic<uint64_t> millijoules_shown;  ///< The highest that the energy counter has shown; readers write it.

  pthread_mutex_t mutex;
  std::array<Load, kMaxLoads> loads;
};

struct SharedFault {
  std::atomic<uint64_t> calls;
  /// The counter's value at the reset, in mJ; UINT64_MAX before it.
  std::atomic<uint64_t> value_at_reset;
};

inline constexpr size_t kMaxConfigurationBytes = size_t{64} * 1024;
inline constexpr uint64_t kMachineMagic = 0x31554d455355455aULL;  // "ZEUSEMU1" in memory.

struct SharedMachine {
  std::atomic<uint64_t> magic;  ///< Written last.
  uint64_t bytes;               ///< Of the whole mapping: another build's layout differs.
  Nanoseconds created;
  uint32_t gpu_count;
  uint32_t configuration_bytes;
  std::array<char, kMaxConfigurationBytes> configuration;
  std::array<SharedFault, 64> faults;
  // Followed by gpu_count of SharedGpu.
};

static_assert(std::atomic<double>::is_always_lock_free && std::atomic<uint64_t>::is_always_lock_free);

}  // namespace zeus::emulator
