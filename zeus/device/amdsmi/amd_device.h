#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/amdsmi/amdsmi_library.h"
#include "zeus/device/gpu_readings.h"
#include "zeus/device/gpu_settings.h"

namespace zeus {

/// AMD SMI's calls about one GPU in our units, alike for all ABIs: thin, it remembers and checks nothing. Thread-safe.
/// The errors are those of Gpu and GpuSettings. The library must outlive it.
class AmdDevice {
 public:
  struct Power {
    std::optional<Watts> instant;
    std::optional<Watts> average;
  };
  struct EnergyCount {
    uint64_t counts = 0;
    Joules per_count;
  };
  struct Clocks {
    std::optional<Megahertz> now;
    Megahertz minimum;
    Megahertz maximum;
  };
  struct Activity {
    std::optional<double> gpu;     ///< 0 to 1.
    std::optional<double> memory;  ///< 0 to 1.
  };

  AmdDevice(const AmdSmiLibrary& library, amdsmi::ProcessorHandle handle, std::string label)
      : library_(library), handle_(handle), label_(std::move(label)) {}

  [[nodiscard]] const AmdSmiLibrary& library() const { return library_; }
  /// What it is called in messages: "AMD GPU 0 (0000:07:00.0)".
  [[nodiscard]] const std::string& label() const { return label_; }

  [[nodiscard]] Result<std::string> ReadName() const;
  /// AMD's text, without a "GPU-" before it.
  [[nodiscard]] Result<std::string> ReadUuid() const;

  [[nodiscard]] Result<Power> ReadPower() const;
  [[nodiscard]] Result<EnergyCount> ReadEnergyCount() const;
  /// The hottest spot of the die. The library's C interface gives whole degrees.
  [[nodiscard]] Result<Celsius> ReadTemperature() const;
  [[nodiscard]] Result<Clocks> ReadClocks(ClockDomain domain) const;
  [[nodiscard]] Result<Activity> ReadActivity() const;
  [[nodiscard]] Result<uint64_t> ReadMemoryUsed() const;
  [[nodiscard]] Result<uint64_t> ReadMemoryTotal() const;
  [[nodiscard]] Result<std::vector<GpuProcess>> ReadProcesses() const;

  [[nodiscard]] Result<amdsmi::PowerCapInfo> ReadPowerCap() const;
  [[nodiscard]] Result<void> SetPowerCap(uint64_t microwatts) const;
  /// `limit` is amdsmi::kLimitMinimum or kLimitMaximum.
  [[nodiscard]] Result<void> SetClockLimit(ClockDomain domain, uint32_t limit, uint64_t megahertz) const;
  [[nodiscard]] Result<void> SetClockRange(ClockDomain domain, uint64_t minimum, uint64_t maximum) const;
  /// Hands all clocks back to the driver.
  [[nodiscard]] Result<void> ResetAllClocks() const;

 private:
  template <class PowerInfo>
  [[nodiscard]] Result<Power> ReadPowerAs() const;
  template <class ProcessInfo>
  [[nodiscard]] Result<std::vector<GpuProcess>> ReadProcessesAs() const;
  [[nodiscard]] const amdsmi::Functions& functions() const { return library_.functions(); }

  const AmdSmiLibrary& library_;
  const amdsmi::ProcessorHandle handle_;
  const std::string label_;
};

/// "0000:07:00.0" of AMD's 64 bits: function 3, device 5, bus 8, domain 48, from the lowest.
std::string PciAddressText(uint64_t bdf);

}  // namespace zeus
