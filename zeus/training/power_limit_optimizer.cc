#include "zeus/training/power_limit_optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

#include "zeus/base/number_text.h"
#include "zeus/base/text_file.h"
#include "zeus/trace/power_limit_profile.h"

namespace zeus {
namespace {

/// Windows are named as the published package names them: logs of either can be replayed.
std::string WindowName(Watts limit) {
  return "__GlobalPowerLimitOptimizer_" + ShortestTextWhole(limit.value());
}

/// From the maximum down, the minimum only where a step leads to it. In milliwatts, the unit of NVML: 0.1 W added up
/// in watts would miss it.
Result<std::vector<Watts>> LimitsOf(const PowerLimitRange& range, Watts step) {
  constexpr double kMilliwatts = 1000;
  if (!std::isfinite(step.value()) || step.value() * kMilliwatts < 1) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("step: expected a number of watts, 0.001 or more, found {}", step.value()));
  }
  const auto milliwatts = [](Watts power) { return std::llround(power.value() * kMilliwatts); };
  const int64_t minimum = milliwatts(range.minimum);
  const int64_t down = std::max<int64_t>(milliwatts(std::min(step, range.maximum)), 1);
  std::vector<Watts> limits;
  for (int64_t limit = milliwatts(range.maximum); limit >= minimum; limit -= down) {
    limits.emplace_back(static_cast<double>(limit) / kMilliwatts);
  }
  return limits;
}

/// The number of GPUs of all ranks. kInvalidArgument, on every rank, where they do not all allow the same limits: the
/// ranks would go through different ones.
Result<int64_t> CountGpus(const TrainingGpus& gpus, ProcessGroup& group) {
  const double maximum = gpus.power_limits().maximum.value();
  const double minimum = gpus.power_limits().minimum.value();
  std::array<double, 4> extremes = {maximum, -maximum, minimum, -minimum};
  ZEUS_RETURN_IF_ERROR(group.AllReduce(extremes, Reduction::kMax));
  if (extremes[0] != -extremes[1] || extremes[2] != -extremes[3]) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the ranks' GPUs allow different power limits: maxima of {} to {} W and minima of {} to {} "
                            "W; GPUs that train together must allow the same",
                            -extremes[1], extremes[0], -extremes[3], extremes[2]));
  }
  std::array<double, 1> count = {static_cast<double>(gpus.count())};
  ZEUS_RETURN_IF_ERROR(group.AllReduce(count, Reduction::kSum));
  return static_cast<int64_t>(count[0]);
}

/// Rank 0's profile, on every rank; empty where there is none.
Result<std::vector<PowerLimitMeasurement>> SharedProfile(ProcessGroup& group, const std::filesystem::path& path) {
  Result<PowerLimitProfile> read;
  if (group.rank() == 0 && !path.empty()) {
    read = ReadPowerLimitProfile(path);
    if (!read && read.error().code == ErrorCode::kNotFound) read = PowerLimitProfile();
  }
  constexpr double kFailed = -1;
  std::array<double, 1> count = {read ? static_cast<double>(read->measurements.size()) : kFailed};
  ZEUS_RETURN_IF_ERROR(Broadcast(group, count));
  if (!read) return std::unexpected(std::move(read).error());
  if (count[0] == kFailed) {
    return Fail(ErrorCode::kInvalidData, fmt::format("rank 0 cannot read its profile {}", path.string()));
  }
  std::vector<double> values;
  for (const PowerLimitProfileEntry& each : read->measurements) {
    values.insert(values.end(), {each.power_limit.value(), each.energy.value(), each.time.value()});
  }
  values.resize(static_cast<size_t>(count[0]) * 3);
  ZEUS_RETURN_IF_ERROR(Broadcast(group, values));
  std::vector<PowerLimitMeasurement> measurements;
  for (size_t i = 0; i < values.size(); i += 3) {
    measurements.push_back(
        {.power_limit = Watts(values[i]), .energy = Joules(values[i + 1]), .time = Seconds(values[i + 2])});
  }
  return measurements;
}

/// Keeps the first error of several.
void Note(Result<void>& first, Result<void> next) {
  if (first) first = std::move(next);
}

}  // namespace

PowerLimitOptimizer::PowerLimitOptimizer(TrainingGpus& gpus, ProcessGroup& group, PowerLimitOptimizerOptions options,
                                         LimitProfiler profiler)
    : gpus_(gpus), group_(group), options_(std::move(options)), profiler_(std::move(profiler)) {}

Result<std::unique_ptr<PowerLimitOptimizer>> PowerLimitOptimizer::Create(TrainingGpus& gpus, ProcessGroup& group,
                                                                         PowerLimitOptimizerOptions options) {
  ZEUS_ASSIGN_OR_RETURN(std::vector<Watts> limits, LimitsOf(gpus.power_limits(), options.step));
  const ProfileWindow window{.warmup = options.warmup_steps, .measure = options.profile_steps};
  ZEUS_ASSIGN_OR_RETURN(LimitProfiler profiler, LimitProfiler::Create(std::move(limits), window, options.wait_steps));
  ZEUS_ASSIGN_OR_RETURN(const int64_t count, CountGpus(gpus, group));
  if (!options.selector) {
    constexpr double kEta = 0.5;
    ZEUS_ASSIGN_OR_RETURN(options.selector, SelectLeastCost(kEta, count));
  }
  std::unique_ptr<PowerLimitOptimizer> optimizer(
      new PowerLimitOptimizer(gpus, group, std::move(options), std::move(profiler)));
  ZEUS_ASSIGN_OR_RETURN(optimizer->measurements_, SharedProfile(group, optimizer->options_.profile_path));
  if (!optimizer->measurements_.empty()) {
    ZEUS_RETURN_IF_ERROR(optimizer->UseProfile());
  } else {
    ZEUS_RETURN_IF_ERROR(optimizer->SetLimit(gpus.power_limits().maximum));
  }
  return optimizer;
}

PowerLimitOptimizer::~PowerLimitOptimizer() {
  std::ignore = CancelWindow();
}

Result<void> PowerLimitOptimizer::UseProfile() {
  ZEUS_ASSIGN_OR_RETURN(const Watts chosen, options_.selector(measurements_));
  const PowerLimitRange& range = gpus_.power_limits();
  if (chosen < range.minimum || chosen > range.maximum) {
    return Fail(
        ErrorCode::kInvalidData,
        fmt::format("{}: chooses {} W, but these GPUs allow {} to {} W: the profile is another kind's",
                    options_.profile_path.string(), chosen.value(), range.minimum.value(), range.maximum.value()));
  }
  ZEUS_RETURN_IF_ERROR(SetLimit(chosen));
  chosen_ = chosen;
  return {};
}

Result<void> PowerLimitOptimizer::Step() {
  // Everything is measured, but setting the chosen limit failed.
  if (profiler_.finished()) return Finish();
  const ProfilerActions actions = profiler_.OnStepBegin();
  if (actions.window == ProfilerActions::Close::kEnd) {
    if (Result<void> measured = EndWindow(*actions.measured); !measured) {
      profiler_.MeasureAgain();
      return measured;
    }
  }
  // What fails now is not taken back at once: the other ranks go on, and would wait for this one for ever.
  Result<void> result;
  if (actions.set_limit) {
    spoiled_.reset();
    Note(result, SetLimit(*actions.set_limit));
  }
  if (actions.begin_window && !spoiled_ && result) Note(result, BeginWindow(*actions.begin_window));
  if (!result) spoiled_ = result.error();
  if (actions.finished) return Finish();
  return result;
}

Result<void> PowerLimitOptimizer::OnEpochEnd() {
  if (done()) return {};
  const ProfilerActions actions = profiler_.OnEpochEnd();
  Result<void> result;
  if (actions.window == ProfilerActions::Close::kCancel) Note(result, CancelWindow());
  if (actions.set_limit) Note(result, SetLimit(*actions.set_limit));
  return result;
}

Result<void> PowerLimitOptimizer::SetLimit(Watts limit) {
  if (current_ == limit) return {};
  current_.reset();
  ZEUS_RETURN_IF_ERROR(gpus_.SetPowerLimit(limit));
  current_ = limit;
  return {};
}

Result<void> PowerLimitOptimizer::BeginWindow(Watts limit) {
  ZEUS_RETURN_IF_ERROR(gpus_.BeginWindow(WindowName(limit)));
  window_ = limit;
  return {};
}

Result<void> PowerLimitOptimizer::CancelWindow() {
  const std::optional<Watts> limit = std::exchange(window_, std::nullopt);
  return limit ? gpus_.CancelWindow(WindowName(*limit)) : Result<void>();
}

Result<void> PowerLimitOptimizer::EndWindow(Watts limit) {
  Result<TrainingFigures> own;
  if (spoiled_) {
    own = std::unexpected(*std::exchange(spoiled_, std::nullopt));
  } else {
    own = gpus_.EndWindow(WindowName(limit));
    // It may be open still, if what failed was the waiting for the GPUs.
    if (!own) std::ignore = CancelWindow();
  }
  window_.reset();
  std::array<double, 2> sums = {own ? own->energy.value() : 0, own ? 0.0 : 1.0};
  std::array<double, 1> time = {own ? own->time.value() : 0};
  ZEUS_RETURN_IF_ERROR(group_.AllReduce(sums, Reduction::kSum));
  ZEUS_RETURN_IF_ERROR(group_.AllReduce(time, Reduction::kMax));
  if (!own) return std::unexpected(std::move(own).error());
  if (sums[1] > 0) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("{} of {} ranks could not measure at {} W; all of them measure it again", sums[1],
                            group_.size(), limit.value()));
  }
  if (!(sums[0] > 0 && time[0] > 0)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("profile_steps: {} steps at {} W took {} J and {} s, too little to be measured; let more "
                            "steps be measured",
                            options_.profile_steps, limit.value(), sums[0], time[0]));
  }
  measurements_.push_back({.power_limit = limit, .energy = Joules(sums[0]), .time = Seconds(time[0])});
  return {};
}

Result<void> PowerLimitOptimizer::Finish() {
  ZEUS_ASSIGN_OR_RETURN(const Watts chosen, options_.selector(measurements_));
  ZEUS_RETURN_IF_ERROR(SetLimit(chosen));
  chosen_ = chosen;
  return Save();
}

Result<void> PowerLimitOptimizer::Save() const {
  const std::filesystem::path& path = options_.profile_path;
  if (group_.rank() != 0 || path.empty()) return {};
  PowerLimitProfile profile;
  for (const PowerLimitMeasurement& each : measurements_) {
    profile.measurements.push_back({.power_limit = each.power_limit, .energy = each.energy, .time = each.time});
  }
  if (path.has_parent_path()) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) {
      return Fail(ErrorCode::kUnavailable,
                  fmt::format("profile_path: cannot make the folder of {}: {}", path.string(), error.message()));
    }
  }
  return WriteFileAtomically(path, ToText(profile));
}

}  // namespace zeus
