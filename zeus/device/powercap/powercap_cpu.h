#pragma once

#include <mutex>
#include <optional>

#include "zeus/device/cpu.h"
#include "zeus/device/energy_counter.h"
#include "zeus/device/powercap/counter_file.h"

namespace zeus::powercap {

/// A counter of microjoules that begins anew after its largest value.
class WrappingCounter {
 public:
  /// Of a zone's folder. kInvalidData for a range that is none, and the errors of CounterFile.
  static Result<WrappingCounter> Open(const std::filesystem::path& zone_folder);

  struct Reading {
    Joules energy;
    CounterStep step = CounterStep::kFirst;
  };
  Result<Reading> Read();

  [[nodiscard]] Joules range() const;

 private:
  WrappingCounter(CounterFile file, uint64_t largest)
      : file_(std::move(file)), largest_(largest), counter_(largest + 1) {}

  CounterFile file_;
  uint64_t largest_;  ///< uJ.
  EnergyCounter counter_;
};

/// A package that Linux's powercap shows. Read it at least once per turn of its counters: see WrapWatch.
class PowercapCpu final : public Cpu {
 public:
  /// `info.why_no_dram` is empty exactly if there is `dram`. The clock must outlive it.
  PowercapCpu(CpuInfo info, WrappingCounter package, std::optional<WrappingCounter> dram, const Clock& clock)
      : Cpu(std::move(info)), clock_(clock), package_(std::move(package)), dram_(std::move(dram)) {}

  [[nodiscard]] Result<CpuEnergySample> ReadEnergy() override;

 private:
  const Clock& clock_;

  // Guarded by mutex_, which is held while counters are read: readings must reach the totals in order.
  std::mutex mutex_;
  WrappingCounter package_;
  std::optional<WrappingCounter> dram_;
};

}  // namespace zeus::powercap
