#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace zeus::testing {

/// One GPU of a fake libamd_smi.so, in the units of the real one's C interface.
struct FakeAmdGpu {
  const char* name = "AMD Instinct MI300X";
  const char* uuid = "";
  uint64_t bdf = 0;
  uint32_t hip_id = 0;
  uint32_t node_id = 0;
  uint32_t current_power = 0;  ///< W; 0xFFFF where the real one has none.
  uint32_t average_power = 0;
  std::atomic<uint64_t> energy = 0;                                                     ///< Counts.
  float energy_resolution = 0;                                                          ///< uJ per count.
  int64_t hotspot = 0;                                                                  ///< Degrees.
  uint64_t power_cap = 0, default_power_cap = 0, min_power_cap = 0, max_power_cap = 0;  ///< uW.
  uint32_t clock[2] = {};                                                               ///< MHz: graphics, memory.
  uint32_t hardware_min[2] = {}, hardware_max[2] = {};
  uint32_t limit_min[2] = {}, limit_max[2] = {};  ///< What a lock changes, and what clock_info shows.
  uint32_t gfx_activity = 0, umc_activity = 0;    ///< Percent.
  uint64_t memory_total = 0, memory_used = 0;
  std::vector<uint32_t> pids;
  uint64_t memory_per_process = 0;
  bool lost = false;  ///< Every call but those about its place answers AMDSMI_STATUS_IO.
};

/// What a test sees and changes of a fake library that it has opened.
class FakeAmdSmiState {
 public:
  virtual ~FakeAmdSmiState() = default;

  virtual std::vector<FakeAmdGpu*> gpus() = 0;  ///< In the order of the library's handles.
  /// As if freshly loaded, but still initialised where it was.
  virtual void Reset() = 0;
  /// Calls number `first` to `last` of a function from now on, the next being 1, answer `status`.
  virtual void Fail(const char* function, uint32_t first, uint32_t last, uint32_t status) = 0;
  virtual void DenySettings(bool deny) = 0;
  /// Until Reset, the library knows no sockets.
  virtual void HideGpus() = 0;
  virtual uint32_t calls(const char* function) = 0;
  /// The calls that changed or tried to change something, with their arguments: "clk_limit 0 max 1500".
  virtual std::vector<const char*> settings() = 0;
  virtual int initialised() = 0;  ///< amdsmi_init's, less amdsmi_shut_down's.
  virtual bool calls_overlapped() = 0;
};

}  // namespace zeus::testing
