#include "zeus/monitor/energy_monitor.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <utility>

namespace zeus {
namespace {

/// Fewer periods than this, and where in one the window began matters more than what it holds.
constexpr double kFewPeriods = 3;
/// RAPL's counters step about each millisecond: Intel's manual, volume 3B, on RAPL interfaces.
constexpr Seconds kCpuCounterPeriod{0.001};
/// A larger share of a window held over, and its figure is an estimate.
constexpr double kSmallShare = 0.1;

Seconds Between(Time from, Time to) {
  return Seconds(std::chrono::duration<double>(to - from).count());
}

Result<void> CheckPeriod(const char* what, Seconds period) {
  if (period.value() > 0 && std::isfinite(period.value())) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: expected a time above 0 s, found {} s", what, period.value()));
}

std::unexpected<Error> AlreadyOpen(std::string_view name) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("window \"{}\" is open already", name));
}

std::unexpected<Error> NotOpen(std::string_view name) {
  return Fail(ErrorCode::kNotFound, fmt::format("window \"{}\" is not open", name));
}

EnergyFigure CounterFigure(Joules energy, Seconds duration, Seconds period) {
  return {.energy = energy,
          .provenance = EnergyProvenance::kMeasured,
          .too_short = energy.value() == 0 || duration < period * kFewPeriods};
}

/// What a reading at one edge of a window failed with, said so that it is clear what is missing.
std::unexpected<Error> Lost(Error error, const char* edge) {
  error.message += fmt::format(" (when the window {})", edge);
  return std::unexpected(std::move(error));
}

CpuFigures CpuDifference(const Result<CpuEnergySample>& begun, const Result<CpuEnergySample>& ended, Seconds duration,
                         bool has_dram) {
  if (!begun || !ended) {
    const Result<EnergyFigure> lost = !begun ? Lost(begun.error(), "opened") : Lost(ended.error(), "closed");
    return {lost, has_dram ? std::optional(lost) : std::nullopt};
  }
  CpuFigures figures{CounterFigure(ended->package - begun->package, duration, kCpuCounterPeriod), std::nullopt};
  if (begun->dram && ended->dram)
    figures.dram = CounterFigure(*ended->dram - *begun->dram, duration, kCpuCounterPeriod);
  return figures;
}

}  // namespace

/// How one GPU is measured.
struct EnergyMonitor::GpuState {
  // Constant after construction: which of the sampler's GPUs this is; absent where the counter is read.
  std::optional<size_t> sampled;
  /// Why there is no figure at all: neither counter nor sensor.
  std::optional<Error> why_not;
  /// How often its counter was seen to be reset. The reading that sees it may be another window's.
  std::atomic<uint64_t> resets = 0;
};

/// One edge of a window: all readings.
struct EnergyMonitor::Window {
  WallTime wall;
  Time time;
  std::vector<Result<GpuReading>> gpus;
  std::vector<Result<CpuEnergySample>> cpus;
};

EnergyMonitor::EnergyMonitor(std::span<Gpu* const> gpus, std::span<Cpu* const> cpus, EnergyMonitorOptions options)
    : options_(std::move(options)),
      gpus_(gpus.begin(), gpus.end()),
      cpus_(cpus.begin(), cpus.end()),
      gpu_states_(gpus.size()) {}

EnergyMonitor::~EnergyMonitor() = default;

Result<std::unique_ptr<EnergyMonitor>> EnergyMonitor::Create(std::span<Gpu* const> gpus, std::span<Cpu* const> cpus,
                                                             EnergyMonitorOptions options) {
  ZEUS_RETURN_IF_ERROR(CheckPeriod("counter period", options.counter_period));
  if (options.sampling_period) ZEUS_RETURN_IF_ERROR(CheckPeriod("sampling period", *options.sampling_period));
  for (size_t i = 0; i < gpus.size(); ++i) {
    if (gpus[i] == nullptr) return Fail(ErrorCode::kInvalidArgument, fmt::format("GPU {} is a null pointer", i));
  }
  for (size_t i = 0; i < cpus.size(); ++i) {
    if (cpus[i] == nullptr) return Fail(ErrorCode::kInvalidArgument, fmt::format("CPU {} is a null pointer", i));
  }
  std::unique_ptr<EnergyMonitor> monitor(new EnergyMonitor(gpus, cpus, std::move(options)));
  std::vector<Gpu*> sampled;
  for (size_t i = 0; i < gpus.size(); ++i) {
    if (gpus[i]->capabilities().Has(Capability::kEnergyCounter)) continue;
    if (const Result<PowerSensor> sensor = BestPowerSensor(*gpus[i]); !sensor) {
      monitor->gpu_states_[i].why_not =
          Error{sensor.error().code, fmt::format("{}, and no energy counter: {}", sensor.error().message,
                                                 gpus[i]->capabilities().WhyNot(Capability::kEnergyCounter))};
      continue;
    }
    monitor->gpu_states_[i].sampled = sampled.size();
    sampled.push_back(gpus[i]);
  }
  if (!sampled.empty()) {
    // Windows need only the integral; what is kept of the timeline is for those who ask.
    ZEUS_ASSIGN_OR_RETURN(monitor->sampler_,
                          PowerSampler::Create(sampled, {.period = monitor->options_.sampling_period}));
  }
  return monitor;
}

Result<void> EnergyMonitor::WaitForDevices(DeviceWait wait) const {
  if (wait == DeviceWait::kDontWait || !options_.wait_for_devices || gpus_.empty()) return {};
  return options_.wait_for_devices();
}

bool EnergyMonitor::IsOpen(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  return windows_.find(name) != windows_.end();
}

Result<EnergyMonitor::GpuReading> EnergyMonitor::ReadGpu(size_t index) {
  GpuState& state = gpu_states_[index];
  if (state.why_not) return std::unexpected(*state.why_not);
  if (state.sampled) {
    ZEUS_ASSIGN_OR_RETURN(const PowerSampler::Total total, sampler_->SampleNow(*state.sampled));
    return GpuReading{Joules(total.value_seconds), total.held_over, 0};
  }
  ZEUS_ASSIGN_OR_RETURN(const EnergySample sample, gpus_[index]->ReadEnergy());
  if (sample.step == CounterStep::kReset) [[unlikely]]
    ++state.resets;
  return GpuReading{sample.energy, Seconds(0), state.resets};
}

// The time is taken first, at both edges alike, as the published package does.
EnergyMonitor::Window EnergyMonitor::ReadAll() {
  Window window{.wall = {}, .time = options_.clock.Now(), .gpus = {}, .cpus = {}};
  window.gpus.reserve(gpus_.size());
  for (size_t i = 0; i < gpus_.size(); ++i) window.gpus.push_back(ReadGpu(i));
  window.cpus.reserve(cpus_.size());
  for (Cpu* const cpu : cpus_) window.cpus.push_back(cpu->ReadEnergy());
  return window;
}

Result<void> EnergyMonitor::BeginWindow(std::string_view name, IfOpen if_open, DeviceWait wait) {
  if (if_open == IfOpen::kFail && IsOpen(name)) return AlreadyOpen(name);
  ZEUS_RETURN_IF_ERROR(WaitForDevices(wait));
  const WallTime wall = options_.wall_clock();
  Window window = ReadAll();
  window.wall = wall;
  const std::scoped_lock lock(mutex_);
  const auto [place, inserted] = windows_.try_emplace(std::string(name), std::move(window));
  if (inserted) return {};
  // Another thread may have been faster since the check.
  if (if_open == IfOpen::kFail) return AlreadyOpen(name);
  place->second = std::move(window);
  return {};
}

Result<Measurement> EnergyMonitor::EndWindow(std::string_view name, DeviceWait wait) {
  if (!IsOpen(name)) return NotOpen(name);
  ZEUS_RETURN_IF_ERROR(WaitForDevices(wait));
  // Taken out first: whoever opens it anew meanwhile has a window of their own.
  decltype(windows_)::node_type begun;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = windows_.find(name); found != windows_.end()) begun = windows_.extract(found);
  }
  if (!begun) return NotOpen(name);
  return Difference(begun.mapped(), ReadAll());
}

Measurement EnergyMonitor::Difference(const Window& begun, const Window& ended) {
  Measurement measurement{.start = begun.wall,
                          .begin = begun.time,
                          .end = ended.time,
                          .duration = Between(begun.time, ended.time),
                          .gpus = {},
                          .cpus = {}};
  measurement.gpus.reserve(gpus_.size());
  for (size_t i = 0; i < gpus_.size(); ++i) {
    const Result<GpuReading>& begin = begun.gpus[i];
    const Result<GpuReading>& end = ended.gpus[i];
    if (begin && end) [[likely]] {
      measurement.gpus.push_back(GpuFigure(i, *begin, *end, measurement.duration));
    } else if (gpu_states_[i].why_not) {
      measurement.gpus.push_back(std::unexpected(*gpu_states_[i].why_not));
    } else {
      measurement.gpus.push_back(!begin ? Lost(begin.error(), "opened") : Lost(end.error(), "closed"));
    }
  }
  measurement.cpus.reserve(cpus_.size());
  for (size_t i = 0; i < cpus_.size(); ++i) {
    measurement.cpus.push_back(CpuDifference(begun.cpus[i], ended.cpus[i], measurement.duration, cpus_[i]->has_dram()));
  }
  return measurement;
}

EnergyFigure EnergyMonitor::GpuFigure(size_t index, const GpuReading& begun, const GpuReading& ended,
                                      Seconds duration) {
  EnergyFigure figure = CounterFigure(ended.energy - begun.energy, duration, options_.counter_period);
  if (gpu_states_[index].sampled) {
    figure.too_short = duration < sampler_->period() * 2 * kFewPeriods;
    const Seconds held_over = ended.held_over - begun.held_over;
    figure.provenance =
        held_over > duration * kSmallShare ? EnergyProvenance::kEstimated : EnergyProvenance::kIntegrated;
    return figure;
  }
  if (ended.resets != begun.resets) {
    // What was counted before the reset is lost; this is a lower bound.
    figure.provenance = EnergyProvenance::kEstimated;
  } else if (figure.energy.value() == 0 && options_.short_windows == ShortWindows::kEstimate) {
    const Result<PowerSensor> sensor = BestPowerSensor(*gpus_[index]);
    const Result<PowerSample> power =
        sensor ? gpus_[index]->ReadPower(*sensor) : Result<PowerSample>(std::unexpected(sensor.error()));
    // Without a sensor the figure stays what was counted.
    if (power) figure = {power->power * duration, EnergyProvenance::kEstimated, true};
  }
  return figure;
}

Result<void> EnergyMonitor::CancelWindow(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  const auto found = windows_.find(name);
  if (found == windows_.end()) return NotOpen(name);
  windows_.erase(found);
  return {};
}

void EnergyMonitor::CancelAllWindows() {
  const std::scoped_lock lock(mutex_);
  windows_.clear();
}

}  // namespace zeus
