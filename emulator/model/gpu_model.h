#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus::emulator {

/// Graphics clocks from `lowest` to `highest`, both allowed.
struct ClockRange {
  Megahertz lowest;
  Megahertz highest;

  bool operator==(const ClockRange&) const = default;
};

/// How much voltage a clock needs, relative to the voltage at the highest clock: `lowest_voltage` up to the clock
/// `knee`, then in a straight line to 1 at the highest clock.
struct VoltageCurve {
  Megahertz knee;
  double lowest_voltage = 1;
};

/// What the board draws, by cause. Dynamic power goes with clock x voltage^2 (Weste and Harris, "CMOS VLSI Design",
/// chapter 5); both figures called "at the highest clock" shrink with it, the others do not.
struct PowerParameters {
  Watts asleep;      ///< No process holds the device open; it rests at its lowest clocks.
  Watts awake;       ///< A process holds it open: leakage, fans, memory at full clock; whatever the graphics clock is.
  Watts clock_tree;  ///< Distributing the clock to units that do nothing, at the highest clock.
  Watts full_compute;  ///< On top of these when every unit computes, at the highest clock; far above the power limit.
  Watts full_memory;   ///< On top of these when memory moves data all the time.
  VoltageCurve voltage;
  /// How active the units stay, relative to computing, while they wait for memory.
  double stalled_compute = 0;
};

/// First-order heating: temperature tends to ambient + resistance x power.
struct ThermalParameters {
  double kelvin_per_watt = 0;
  Seconds time_constant;
  double ambient_celsius = 0;  ///< The air at the card's inlet.
  double slowdown_celsius = 0;
  double shutdown_celsius = 0;
};

/// One of the power readings that NVML offers.
struct PowerReading {
  Seconds update_period;  ///< Between two new values.
  Seconds window;         ///< Each value is the mean over this time before it; may be shorter than the period.

  bool operator==(const PowerReading&) const = default;
};

/// What nvmlDeviceGetPowerUsage answers.
enum class PowerUsageKind { kInstant, kAverage };

struct SensorParameters {
  PowerReading instant;                 ///< NVML_FI_DEV_POWER_INSTANT.
  std::optional<PowerReading> average;  ///< NVML_FI_DEV_POWER_AVERAGE; nullopt: this GPU has none.
  PowerUsageKind usage = PowerUsageKind::kInstant;
  std::optional<Seconds> energy_period;  ///< Between two values of the energy counter; nullopt: it has no counter.
  bool has_memory_power = false;         ///< Whether memory's share of the power can be read (Hopper and newer).
};

/// One product, with its public figures and the physical parameters behind its emulation. A plain value: copy it
/// freely. It holds strings and vectors, so that it does not belong into shared memory; keep an index into Presets()
/// or a name there.
struct GpuModel {
  std::string key;            ///< For FindPreset, for example "v100".
  std::string name;           ///< As NVML says it, for example "Tesla V100-PCIE-32GB".
  uint32_t architecture = 0;  ///< NVML_DEVICE_ARCH_*.
  int compute_major = 0;      ///< CUDA compute capability.
  int compute_minor = 0;
  uint32_t pci_device = 0;     ///< nvmlPciInfo_t's pciDeviceId: device << 16 | vendor.
  uint32_t pci_subsystem = 0;  ///< nvmlPciInfo_t's pciSubSystemId: subsystem << 16 | its vendor.
  uint64_t memory_bytes = 0;
  Watts min_limit;
  Watts max_limit;
  Watts default_limit;
  std::vector<Megahertz> graphics_clocks;  ///< Supported ones, descending, each once.
  std::vector<Megahertz> memory_clocks;    ///< Supported ones, descending.
  PowerParameters power;
  ThermalParameters thermal;
  SensorParameters sensor;

  [[nodiscard]] ClockRange Clocks() const { return {graphics_clocks.back(), graphics_clocks.front()}; }
};

/// Every GPU that can be emulated, oldest first. Valid for the process's lifetime; safe from any thread.
const std::vector<GpuModel>& Presets();

/// The preset with this key; kNotFound listing all keys. Copy it to change it.
Result<GpuModel> FindPreset(std::string_view key);

}  // namespace zeus::emulator
