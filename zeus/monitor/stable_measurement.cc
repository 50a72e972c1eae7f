#include "zeus/monitor/stable_measurement.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <thread>
#include <utility>

namespace zeus {
namespace {

/// The published package's window has this name, so that a log shows what is a trial.
constexpr std::string_view kWindow = "__zeus_profile_run_trial";
/// However short an iteration is.
constexpr double kMostIterations = 1e12;

Result<void> Check(bool good, std::string_view option, std::string_view expected, double found) {
  if (good) return {};
  return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: expected {}, found {}", option, expected, found));
}

Result<void> CheckTrial(const MeasuredBody& body, const TrialOptions& options) {
  if (!body) return Fail(ErrorCode::kInvalidArgument, "there is nothing to measure: the body is empty");
  const auto is_duration = [](Seconds value) { return value.value() >= 0 && std::isfinite(value.value()); };
  ZEUS_RETURN_IF_ERROR(Check(is_duration(options.measurement) && options.measurement.value() > 0,
                             "measurement duration", "a time above 0 s", options.measurement.value()));
  ZEUS_RETURN_IF_ERROR(
      Check(is_duration(options.cooldown), "cool-down duration", "a time of 0 s or more", options.cooldown.value()));
  ZEUS_RETURN_IF_ERROR(Check(!options.warmup_settle || is_duration(*options.warmup_settle), "warm-up settle duration",
                             "a time of 0 s or more", options.warmup_settle.value_or(Seconds(0)).value()));
  ZEUS_RETURN_IF_ERROR(
      Check(options.warmup_iterations >= 0, "warm-up iterations", "0 or more", options.warmup_iterations));
  return Check(options.calibration_iterations >= 1, "calibration iterations", "1 or more",
               options.calibration_iterations);
}

Result<void> WaitForDevices(const TrialOptions& options) {
  return options.wait_for_devices ? options.wait_for_devices() : Result<void>();
}

Result<void> Repeat(const MeasuredBody& body, uint64_t iterations) {
  for (uint64_t i = 0; i < iterations; ++i) ZEUS_RETURN_IF_ERROR(body());
  return {};
}

/// How many iterations last about so long; at least one.
uint64_t IterationsFor(Seconds duration, Seconds iteration) {
  const double iterations = iteration.value() > 0 ? std::ceil(duration / iteration) : kMostIterations;
  return static_cast<uint64_t>(std::clamp(iterations, 1.0, kMostIterations));
}

void Sleep(Seconds duration, const TrialOptions& options) {
  if (duration.value() <= 0) return;
  if (options.sleep) return options.sleep(duration);
  std::this_thread::sleep_for(std::chrono::duration<double>(duration.value()));
}

std::optional<Celsius> MeanTemperature(const EnergyMonitor& monitor) {
  Celsius sum;
  int count = 0;
  for (Gpu* const gpu : monitor.gpus()) {
    if (const Result<Celsius> temperature = gpu->ReadTemperature()) {
      sum += *temperature;
      ++count;
    }
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

/// Mean of those trials' temperatures that are known.
std::optional<Celsius> MeanOf(std::span<const Trial> trials, std::optional<Celsius> Trial::* temperature) {
  Celsius sum;
  int count = 0;
  for (const Trial& trial : trials) {
    if (!(trial.*temperature)) continue;
    sum += *(trial.*temperature);
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

/// Puts the energies of a measurement together; a lost GPU's would be missing from every figure.
Result<Trial> ToTrial(const Measurement& measurement, uint64_t iterations) {
  Trial trial{.iterations = iterations, .energy = measurement.TotalEnergy(), .time = measurement.duration};
  for (const Result<EnergyFigure>& gpu : measurement.gpus) {
    if (!gpu) return Fail(ErrorCode::kUnavailable, "a trial's energy is not complete: " + gpu.error().message);
    trial.too_short |= gpu->too_short;
  }
  trial.energy_per_iteration = trial.energy / static_cast<double>(iterations);
  trial.time_per_iteration = trial.time / static_cast<double>(iterations);
  return trial;
}

/// The body within the window that is open, and its end.
Result<Measurement> FinishWindow(const MeasuredBody& body, EnergyMonitor& monitor, uint64_t iterations,
                                 const TrialOptions& options) {
  ZEUS_RETURN_IF_ERROR(Repeat(body, iterations));
  ZEUS_RETURN_IF_ERROR(WaitForDevices(options));
  return monitor.EndWindow(kWindow);
}

}  // namespace

double TrialSpread::relative() const {
  return mean.value() != 0 ? standard_deviation / mean : 0;
}

TrialSpread SpreadOf(std::span<const Trial> trials) {
  TrialSpread spread;
  if (trials.empty()) return spread;
  const auto count = static_cast<double>(trials.size());
  for (const Trial& trial : trials) {
    spread.mean += trial.energy_per_iteration / count;
    spread.mean_time += trial.time_per_iteration / count;
  }
  double squares = 0;
  for (const Trial& trial : trials) {
    const double difference = (trial.energy_per_iteration - spread.mean).value();
    squares += difference * difference;
  }
  if (trials.size() > 1) spread.standard_deviation = Joules(std::sqrt(squares / (count - 1)));
  spread.temperature_before = MeanOf(trials, &Trial::temperature_before);
  spread.temperature_after = MeanOf(trials, &Trial::temperature_after);
  return spread;
}

Result<Seconds> CalibrateIteration(const MeasuredBody& body, const TrialOptions& options) {
  ZEUS_RETURN_IF_ERROR(CheckTrial(body, options));
  ZEUS_RETURN_IF_ERROR(Repeat(body, static_cast<uint64_t>(options.warmup_iterations)));
  ZEUS_RETURN_IF_ERROR(WaitForDevices(options));
  const Time begin = options.clock.Now();
  ZEUS_RETURN_IF_ERROR(Repeat(body, static_cast<uint64_t>(options.calibration_iterations)));
  ZEUS_RETURN_IF_ERROR(WaitForDevices(options));
  const std::chrono::duration<double> passed = options.clock.Now() - begin;
  return Seconds(passed.count()) / options.calibration_iterations;
}

Result<Trial> MeasureTrial(const MeasuredBody& body, EnergyMonitor& monitor, Seconds iteration,
                           const TrialOptions& options) {
  ZEUS_RETURN_IF_ERROR(CheckTrial(body, options));
  ZEUS_RETURN_IF_ERROR(Check(iteration.value() > 0 && std::isfinite(iteration.value()), "time of an iteration",
                             "a time above 0 s", iteration.value()));
  const uint64_t iterations = IterationsFor(options.measurement, iteration);
  Sleep(options.cooldown, options);
  ZEUS_RETURN_IF_ERROR(Repeat(body, options.warmup_settle ? IterationsFor(*options.warmup_settle, iteration)
                                                          : static_cast<uint64_t>(options.warmup_iterations)));
  ZEUS_RETURN_IF_ERROR(WaitForDevices(options));
  const std::optional<Celsius> before = MeanTemperature(monitor);
  ZEUS_RETURN_IF_ERROR(monitor.BeginWindow(kWindow, IfOpen::kFail, DeviceWait::kDontWait));
  Result<Measurement> measurement = FinishWindow(body, monitor, iterations, options);
  if (!measurement) {
    // It may still be open, and the next trial has the same name.
    [[maybe_unused]] const Result<void> cancelled = monitor.CancelWindow(kWindow);
    return std::unexpected(std::move(measurement).error());
  }
  ZEUS_ASSIGN_OR_RETURN(Trial trial, ToTrial(*measurement, iterations));
  trial.temperature_before = before;
  trial.temperature_after = MeanTemperature(monitor);
  return trial;
}

Result<StableMeasurement> MeasureUntilStable(const MeasuredBody& body, EnergyMonitor& monitor,
                                             const StableOptions& options) {
  ZEUS_RETURN_IF_ERROR(Check(!monitor.gpus().empty(), "GPUs", "at least one", 0));
  ZEUS_RETURN_IF_ERROR(Check(options.warmup_trials >= 0, "warm-up trials", "0 or more", options.warmup_trials));
  ZEUS_RETURN_IF_ERROR(Check(options.agreeing_trials >= 2, "agreeing trials", "2 or more", options.agreeing_trials));
  ZEUS_RETURN_IF_ERROR(Check(options.agreement > 0, "agreement", "a share above 0", options.agreement));
  ZEUS_RETURN_IF_ERROR(Check(options.max_trials >= options.agreeing_trials, "most trials",
                             fmt::format("at least the {} agreeing ones", options.agreeing_trials),
                             options.max_trials));
  StableMeasurement result;
  ZEUS_ASSIGN_OR_RETURN(result.iteration, CalibrateIteration(body, options.trial));
  TrialOptions warmup = options.trial;
  warmup.cooldown = Seconds(0);
  warmup.warmup_iterations = 0;
  warmup.warmup_settle.reset();
  for (int i = 0; i < options.warmup_trials; ++i) {
    ZEUS_RETURN_IF_ERROR(MeasureTrial(body, monitor, result.iteration, warmup));
  }
  const auto agreeing = static_cast<size_t>(options.agreeing_trials);
  while (result.trials.size() < static_cast<size_t>(options.max_trials)) {
    ZEUS_ASSIGN_OR_RETURN(Trial trial, MeasureTrial(body, monitor, result.iteration, options.trial));
    result.trials.push_back(trial);
    if (result.trials.size() < agreeing) continue;
    result.spread = SpreadOf(std::span(result.trials).last(agreeing));
    if (result.spread.relative() < options.agreement) {
      result.stability = Stability::kStable;
      break;
    }
  }
  return result;
}

}  // namespace zeus
