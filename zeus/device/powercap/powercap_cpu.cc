#include "zeus/device/powercap/powercap_cpu.h"

#include <fmt/format.h>

#include <limits>

namespace zeus::powercap {
namespace {

Joules FromMicrojoules(uint64_t microjoules) {
  return Joules(static_cast<double>(microjoules) / 1e6);
}

}  // namespace

Result<WrappingCounter> WrappingCounter::Open(const std::filesystem::path& zone_folder) {
  const std::filesystem::path range_file = zone_folder / "max_energy_range_uj";
  ZEUS_ASSIGN_OR_RETURN(const uint64_t largest, ReadNumberFile(range_file));
  if (largest == 0 || largest == std::numeric_limits<uint64_t>::max()) {
    return Fail(
        ErrorCode::kInvalidData,
        fmt::format("{}: expected the counter's largest value in microjoules, found {}", range_file.string(), largest));
  }
  ZEUS_ASSIGN_OR_RETURN(CounterFile file, CounterFile::Open(zone_folder / "energy_uj"));
  return WrappingCounter(std::move(file), largest);
}

Result<WrappingCounter::Reading> WrappingCounter::Read() {
  ZEUS_ASSIGN_OR_RETURN(const uint64_t raw, file_.Read());
  if (raw > largest_) {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}: expected at most {} uJ, the counter's largest value, found {}", file_.path().string(),
                            largest_, raw));
  }
  const EnergyCounter::Reading reading = counter_.Advance(raw);
  return Reading{FromMicrojoules(reading.total), reading.step};
}

Joules WrappingCounter::range() const {
  return FromMicrojoules(largest_);
}

Result<CpuEnergySample> PowercapCpu::ReadEnergy() {
  const std::lock_guard lock(mutex_);
  ZEUS_ASSIGN_OR_RETURN(const WrappingCounter::Reading package, package_.Read());
  CpuEnergySample sample{.package = package.energy, .package_step = package.step};
  if (dram_) {
    ZEUS_ASSIGN_OR_RETURN(const WrappingCounter::Reading dram, dram_->Read());
    sample.dram = dram.energy;
  }
  sample.time = clock_.Now();
  return sample;
}

}  // namespace zeus::powercap
