#include "apps/zeus/exec_meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "zeus/monitor/power_sampler.h"
#include "zeus/monitor/sampling_thread.h"

namespace zeus {
namespace {

constexpr const char* kWindow = "exec";

/// The highest power that each GPU's sensor shows. No timeline is kept: a training run can take days.
class PeakWatch {
 public:
  PeakWatch(const std::vector<Gpu*>& gpus, Seconds period) : gpus_(gpus), peaks_(gpus.size()) {
    if (!gpus.empty()) thread_.emplace(period, [this] { Look(); });
  }

  /// With a last look.
  std::vector<std::optional<Watts>> Finish() {
    thread_.reset();
    Look();
    return std::move(peaks_);
  }

 private:
  void Look() {
    for (size_t i = 0; i < gpus_.size(); ++i) {
      const Result<PowerSensor> sensor = BestPowerSensor(*gpus_[i]);
      if (!sensor) continue;
      const Result<PowerSample> sample = gpus_[i]->ReadPower(*sensor);
      if (sample && (!peaks_[i] || sample->power > *peaks_[i])) peaks_[i] = sample->power;
    }
  }

  const std::vector<Gpu*> gpus_;
  std::vector<std::optional<Watts>> peaks_;  // The thread's until it has ended.
  std::optional<SamplingThread> thread_;
};

}  // namespace

Result<ExecMeter> ExecMeter::Create(const std::vector<ChosenGpu>& gpus, const std::vector<Cpu*>& cpus, Seconds period) {
  ExecMeter meter(period);
  std::vector<Gpu*> measured;
  for (const ChosenGpu& each : gpus) {
    measured.push_back(each.gpu);
    meter.devices_.push_back({.name = fmt::format("gpu{}", each.index),
                              .title = fmt::format("GPU {} {}", each.index, each.gpu->info().name),
                              .is_gpu = true});
  }
  std::vector<Cpu*> readable;
  for (Cpu* const cpu : cpus) {
    if (const Result<CpuEnergySample> sample = cpu->ReadEnergy(); !sample) {
      meter.notes_.push_back(fmt::format("CPU {} is left out: {}", cpu->info().index, sample.error().message));
      continue;
    }
    readable.push_back(cpu);
    const std::string title = fmt::format("CPU {} {}", cpu->info().index, cpu->info().name);
    meter.devices_.push_back({.name = fmt::format("cpu{}", cpu->info().index), .title = title});
    if (cpu->has_dram()) {
      meter.devices_.push_back({.name = fmt::format("dram{}", cpu->info().index),
                                .title = fmt::format("memory of CPU {}", cpu->info().index)});
    }
  }
  // A sensor's own period is not inferred: that takes longer than many a command.
  ZEUS_ASSIGN_OR_RETURN(meter.monitor_, EnergyMonitor::Create(measured, readable, {.sampling_period = period}));
  return meter;
}

Result<ExecRun> ExecMeter::Measure(const std::function<Result<int>()>& body) {
  PeakWatch watch(monitor_->gpus(), period_);
  ZEUS_RETURN_IF_ERROR(monitor_->BeginWindow(kWindow, IfOpen::kRestart));
  const Result<int> exit_code = body();
  ZEUS_ASSIGN_OR_RETURN(Measurement measurement, monitor_->EndWindow(kWindow));
  const std::vector<std::optional<Watts>> peaks = watch.Finish();
  if (!exit_code) return std::unexpected(exit_code.error());
  ExecRun run{.time = measurement.duration, .exit_code = *exit_code, .figures = {}};
  for (size_t i = 0; i < peaks.size(); ++i) {
    run.figures.push_back({.energy = std::move(measurement.gpus[i]), .peak = peaks[i]});
  }
  for (size_t i = 0; i < measurement.cpus.size(); ++i) {
    CpuFigures& cpu = measurement.cpus[i];
    run.figures.push_back({.energy = cpu.package, .peak = {}});
    if (monitor_->cpus()[i]->has_dram()) {
      run.figures.push_back(
          {.energy = cpu.dram ? std::move(*cpu.dram)
                              : std::unexpected(Error{ErrorCode::kUnavailable, "no counter of its memory"}),
           .peak = {}});
    }
  }
  return run;
}

}  // namespace zeus
