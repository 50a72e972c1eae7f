#pragma once

#include <optional>
#include <string>
#include <utility>

#include "zeus/base/clock.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/gpu_readings.h"

namespace zeus {

struct CpuInfo {
  int index = 0;     ///< The package's number in powercap: the X of intel-rapl:X.
  std::string name;  ///< The zone's own name, such as "package-0".
  /// Why there is no DRAM figure; empty where there is one.
  std::string why_no_dram;
};

struct CpuEnergySample {
  Joules package;              ///< Cores, caches and everything else on the socket. Never falls.
  std::optional<Joules> dram;  ///< The memory attached to it; absent where the socket has no such counter.
  Time time;
  CounterStep package_step = CounterStep::kFirst;
};

/// One processor package (a socket). Thread-safe.
class Cpu {
 public:
  virtual ~Cpu() = default;
  Cpu(const Cpu&) = delete;
  Cpu& operator=(const Cpu&) = delete;

  [[nodiscard]] const CpuInfo& info() const { return info_; }
  [[nodiscard]] bool has_dram() const { return info_.why_no_dram.empty(); }

  /// kPermissionDenied with what to do about it, kInvalidData for a counter file that holds no number, kUnavailable for
  /// one that has vanished.
  [[nodiscard]] virtual Result<CpuEnergySample> ReadEnergy() = 0;

 protected:
  explicit Cpu(CpuInfo info) : info_(std::move(info)) {}

 private:
  const CpuInfo info_;
};

}  // namespace zeus
