#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "emulator/model/gpu_model.h"

// Where the figures come from, unless a line says otherwise:
// - names, compute capability, memory, limits, highest clocks, PCI ids, slowdown and shutdown temperatures: what
//   `nvidia-smi -q` of such cards shows. Compared with published output for V100 and P100; PCI ids of A40, A100, H100
//   and H200 with the README of NVIDIA's open kernel modules. The M40's subsystem, memory and temperatures are
//   estimated, and the A40's, RTX 6000's and A100's temperatures.
// - other clocks: cards list them evenly spaced, by 7.5, 12.65625 or 15 MHz, and that rule is repeated here. Of memory
//   clocks some that nothing here needs are left out.
// - sensors: Yang, Adamek and Armour, "Part-time Power Measurements: nvidia-smi's Lack of Attention", SC'24 (arXiv
//   2312.02741); its abstract has the quarter of the time that A100 and H100 look, the other windows are quoted at
//   second hand. NVML's page on nvmlDeviceGetPowerUsage: the mean of one second on Ampere and newer, but for GA100.
// - the energy counter: exists from Volta on, says NVML's page on nvmlDeviceGetTotalEnergyConsumption. That it moves
//   each time the power sensor does is estimated.
// - thermal resistance, time constant and ambient are estimated: the default limit shall lead to the 55 to 80 degrees
//   that servers show, within minutes.
// - power when asleep: estimated from idle figures that people report.
// - other power parameters: of V100, A40, P100 and RTX 6000 fitted to the power traces published with Zeus (NSDI'23). A
//   random search over them, within what is physically plausible, for the least sum over all rows of what FitWork
//   minimizes with FitTo::kRows; bench/emulator_fit_bench.cc shows how good they are. The sum is flat around the
//   optimum: memory and stalled compute, or awake and clock tree, can be traded against each other. Of the other GPUs
//   they are estimated from these four, scaled to the limits.
namespace zeus::emulator {
namespace {

constexpr uint64_t kMebibyte = uint64_t{1} << 20;
constexpr uint32_t kNvidia = 0x10DE;
// NVML_DEVICE_ARCH_*.
constexpr uint32_t kMaxwell = 3;
constexpr uint32_t kPascal = 4;
constexpr uint32_t kVolta = 5;
constexpr uint32_t kTuring = 6;
constexpr uint32_t kAmpere = 7;
constexpr uint32_t kHopper = 9;

constexpr uint32_t Pci(uint32_t device) {
  return device << 16 | kNvidia;
}

constexpr Seconds Milliseconds(double count) {
  return Seconds(count / 1000);
}

// All clocks from `highest` down to `lowest` in even steps, cut to whole megahertz as NVML does.
std::vector<Megahertz> Clocks(double highest, double lowest, double step) {
  std::vector<Megahertz> clocks;
  const int steps = static_cast<int>(std::lround((highest - lowest) / step));
  clocks.reserve(static_cast<size_t>(steps) + 1);
  for (int i = 0; i <= steps; ++i) clocks.emplace_back(std::floor(highest - i * step));
  return clocks;
}

constexpr double kPascalStep = 12.65625;  // 810 MHz / 64.

// GPUs until GA100: the reading is a short window, and it is all there is.
SensorParameters InstantOnly(Seconds period, Seconds window) {
  return {.instant = {.update_period = period, .window = window},
          .average = {},
          .usage = PowerUsageKind::kInstant,
          .energy_period = period,
          .has_memory_power = false};
}

// Ampere but for GA100, and newer: a mean over one second as well, and that is what nvmlDeviceGetPowerUsage says.
SensorParameters WithAverage(Seconds window) {
  return {.instant = {.update_period = Milliseconds(100), .window = window},
          .average = PowerReading{.update_period = Milliseconds(100), .window = Seconds(1)},
          .usage = PowerUsageKind::kAverage,
          .energy_period = Milliseconds(100),
          .has_memory_power = false};
}

SensorParameters WithoutCounter(SensorParameters sensor) {
  sensor.energy_period.reset();
  return sensor;
}

SensorParameters WithMemoryPower(SensorParameters sensor) {
  sensor.has_memory_power = true;
  return sensor;
}

GpuModel M40() {
  return {.key = "m40",
          .name = "Tesla M40",
          .architecture = kMaxwell,
          .compute_major = 5,
          .compute_minor = 2,
          .pci_device = Pci(0x17FD),
          .pci_subsystem = Pci(0x1171),
          .memory_bytes = 11448 * kMebibyte,
          .min_limit = Watts(180),
          .max_limit = Watts(250),
          .default_limit = Watts(250),
          .graphics_clocks = Clocks(88 * kPascalStep + 0.5, 42 * kPascalStep + 0.5, kPascalStep),
          .memory_clocks = {Megahertz(3004), Megahertz(405)},
          .power = {.asleep = Watts(16),
                    .awake = Watts(30),
                    .clock_tree = Watts(6),
                    .full_compute = Watts(330),
                    .full_memory = Watts(60),
                    .voltage = {.knee = Megahertz(700), .lowest_voltage = 0.75},
                    .stalled_compute = 0.2},
          .thermal = {.kelvin_per_watt = 0.18,
                      .time_constant = Seconds(60),
                      .ambient_celsius = 30,
                      .slowdown_celsius = 88,
                      .shutdown_celsius = 93},
          .sensor = WithoutCounter(InstantOnly(Milliseconds(100), Milliseconds(100)))};
}

GpuModel P100() {
  return {.key = "p100",
          .name = "Tesla P100-PCIE-16GB",
          .architecture = kPascal,
          .compute_major = 6,
          .compute_minor = 0,
          .pci_device = Pci(0x15F8),
          .pci_subsystem = Pci(0x118F),
          .memory_bytes = 16280 * kMebibyte,
          .min_limit = Watts(125),
          .max_limit = Watts(250),
          .default_limit = Watts(250),
          .graphics_clocks = Clocks(105 * kPascalStep, 43 * kPascalStep, kPascalStep),
          .memory_clocks = {Megahertz(715)},
          .power = {.asleep = Watts(26),
                    .awake = Watts(29.3),
                    .clock_tree = Watts(3),
                    .full_compute = Watts(403),
                    .full_memory = Watts(80),
                    .voltage = {.knee = Megahertz(754), .lowest_voltage = 0.64},
                    .stalled_compute = 0.09},
          .thermal = {.kelvin_per_watt = 0.17,
                      .time_constant = Seconds(60),
                      .ambient_celsius = 30,
                      .slowdown_celsius = 82,
                      .shutdown_celsius = 85},
          .sensor = WithoutCounter(InstantOnly(Milliseconds(20), Milliseconds(10)))};
}

GpuModel V100() {
  return {.key = "v100",
          .name = "Tesla V100-PCIE-32GB",
          .architecture = kVolta,
          .compute_major = 7,
          .compute_minor = 0,
          .pci_device = Pci(0x1DB6),
          .pci_subsystem = Pci(0x124A),
          .memory_bytes = 32510 * kMebibyte,
          .min_limit = Watts(100),
          .max_limit = Watts(250),
          .default_limit = Watts(250),
          .graphics_clocks = Clocks(1380, 135, 7.5),
          .memory_clocks = {Megahertz(877)},
          .power = {.asleep = Watts(25),
                    .awake = Watts(33.6),
                    .clock_tree = Watts(3),
                    .full_compute = Watts(434),
                    .full_memory = Watts(30),
                    .voltage = {.knee = Megahertz(906), .lowest_voltage = 0.73},
                    .stalled_compute = 0.5},
          .thermal = {.kelvin_per_watt = 0.16,
                      .time_constant = Seconds(60),
                      .ambient_celsius = 30,
                      .slowdown_celsius = 87,
                      .shutdown_celsius = 90},
          .sensor = InstantOnly(Milliseconds(20), Milliseconds(10))};
}

GpuModel Rtx6000() {
  return {.key = "rtx6000",
          .name = "Quadro RTX 6000",
          .architecture = kTuring,
          .compute_major = 7,
          .compute_minor = 5,
          .pci_device = Pci(0x1E30),
          .pci_subsystem = Pci(0x12BA),
          .memory_bytes = 24220 * kMebibyte,
          .min_limit = Watts(100),
          .max_limit = Watts(260),
          .default_limit = Watts(260),
          .graphics_clocks = Clocks(2100, 300, 15),
          .memory_clocks = {Megahertz(7001), Megahertz(405)},
          .power = {.asleep = Watts(15),
                    .awake = Watts(56),
                    .clock_tree = Watts(5.4),
                    .full_compute = Watts(541),
                    .full_memory = Watts(30),
                    .voltage = {.knee = Megahertz(1663), .lowest_voltage = 0.734},
                    .stalled_compute = 0.27},
          .thermal = {.kelvin_per_watt = 0.19,
                      .time_constant = Seconds(50),
                      .ambient_celsius = 27,
                      .slowdown_celsius = 94,
                      .shutdown_celsius = 97},
          .sensor = InstantOnly(Milliseconds(100), Milliseconds(100))};
}

GpuModel A40() {
  return {.key = "a40",
          .name = "NVIDIA A40",
          .architecture = kAmpere,
          .compute_major = 8,
          .compute_minor = 6,
          .pci_device = Pci(0x2235),
          .pci_subsystem = Pci(0x145A),
          .memory_bytes = 46068 * kMebibyte,
          .min_limit = Watts(100),
          .max_limit = Watts(300),
          .default_limit = Watts(300),
          .graphics_clocks = Clocks(1740, 210, 15),
          .memory_clocks = {Megahertz(7251), Megahertz(405)},
          .power = {.asleep = Watts(24),
                    .awake = Watts(79.5),
                    .clock_tree = Watts(3),
                    .full_compute = Watts(514),
                    .full_memory = Watts(100),
                    .voltage = {.knee = Megahertz(1388), .lowest_voltage = 0.6},
                    .stalled_compute = 0.07},
          .thermal = {.kelvin_per_watt = 0.16,
                      .time_constant = Seconds(60),
                      .ambient_celsius = 30,
                      .slowdown_celsius = 95,
                      .shutdown_celsius = 98},
          .sensor = WithAverage(Milliseconds(100))};
}

GpuModel A100() {
  return {.key = "a100",
          .name = "NVIDIA A100-SXM4-80GB",
          .architecture = kAmpere,
          .compute_major = 8,
          .compute_minor = 0,
          .pci_device = Pci(0x20B2),
          .pci_subsystem = Pci(0x1463),
          .memory_bytes = 81920 * kMebibyte,
          .min_limit = Watts(100),
          .max_limit = Watts(400),
          .default_limit = Watts(400),
          .graphics_clocks = Clocks(1410, 210, 15),
          .memory_clocks = {Megahertz(1593)},
          .power = {.asleep = Watts(55),
                    .awake = Watts(60),
                    .clock_tree = Watts(10),
                    .full_compute = Watts(560),
                    .full_memory = Watts(80),
                    .voltage = {.knee = Megahertz(925), .lowest_voltage = 0.73},
                    .stalled_compute = 0.3},
          .thermal = {.kelvin_per_watt = 0.085,
                      .time_constant = Seconds(45),
                      .ambient_celsius = 30,
                      .slowdown_celsius = 89,
                      .shutdown_celsius = 92},
          .sensor = InstantOnly(Milliseconds(100), Milliseconds(25))};
}

// H100 and H200 carry the same die; the H200 has faster and more memory.
GpuModel H100() {
  return {.key = "h100",
          .name = "NVIDIA H100 80GB HBM3",
          .architecture = kHopper,
          .compute_major = 9,
          .compute_minor = 0,
          .pci_device = Pci(0x2330),
          .pci_subsystem = Pci(0x16C1),
          .memory_bytes = 81559 * kMebibyte,
          .min_limit = Watts(200),
          .max_limit = Watts(700),
          .default_limit = Watts(700),
          .graphics_clocks = Clocks(1980, 345, 15),  // The lowest is estimated.
          .memory_clocks = {Megahertz(2619)},
          .power = {.asleep = Watts(70),
                    .awake = Watts(80),
                    .clock_tree = Watts(20),
                    .full_compute = Watts(1000),
                    .full_memory = Watts(120),
                    .voltage = {.knee = Megahertz(1300), .lowest_voltage = 0.72},
                    .stalled_compute = 0.3},
          .thermal = {.kelvin_per_watt = 0.06,
                      .time_constant = Seconds(40),
                      .ambient_celsius = 28,
                      .slowdown_celsius = 87,  // Estimated: these cards tell only the distance to it.
                      .shutdown_celsius = 90},
          .sensor = WithMemoryPower(WithAverage(Milliseconds(25)))};
}

GpuModel H200() {
  GpuModel gpu = H100();
  gpu.key = "h200";
  gpu.name = "NVIDIA H200";
  gpu.pci_device = Pci(0x2335);
  gpu.pci_subsystem = Pci(0x18BE);
  gpu.memory_bytes = 143771 * kMebibyte;
  gpu.memory_clocks = {Megahertz(3201)};
  gpu.power.asleep = Watts(75);
  gpu.power.awake = Watts(88);
  gpu.power.full_memory = Watts(160);
  return gpu;
}

}  // namespace

const std::vector<GpuModel>& Presets() {
  // Never destroyed: threads may still ask while the process ends.
  static const auto& presets =
      *new std::vector<GpuModel>{M40(), P100(), V100(), Rtx6000(), A100(), A40(), H100(), H200()};
  return presets;
}

Result<GpuModel> FindPreset(std::string_view key) {
  const std::vector<GpuModel>& presets = Presets();
  const auto found = std::ranges::find(presets, key, &GpuModel::key);
  if (found != presets.end()) return *found;
  std::vector<std::string_view> keys;
  std::ranges::transform(presets, std::back_inserter(keys), &GpuModel::key);
  return Fail(ErrorCode::kNotFound, fmt::format("no GPU model \"{}\": expected one of {}", key, fmt::join(keys, ", ")));
}

}  // namespace zeus::emulator
