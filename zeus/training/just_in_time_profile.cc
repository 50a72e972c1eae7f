#include "zeus/training/just_in_time_profile.h"

#include <fmt/format.h>

#include <iterator>
#include <limits>
#include <ranges>
#include <utility>
#include <vector>

#include "zeus/base/text_file.h"

namespace zeus {
namespace {

constexpr const char* kWindow = "zeus.power_limit_profile";

bool CanBeRate(const TrainingFigures& figures) {
  return figures.energy > Joules(0) && figures.time > Seconds(0);
}

ProfiledRate ToRate(const TrainingFigures& figures, int64_t iterations) {
  return {.power = figures.energy / figures.time, .throughput = static_cast<double>(iterations) / figures.time.value()};
}

TrainingFigures Expected(const ProfiledRate& rate, int64_t iterations) {
  const Seconds time(static_cast<double>(iterations) / rate.throughput);
  return {.energy = rate.power * time, .time = time};
}

}  // namespace

std::vector<Watts> LimitsToProfile(const PowerLimitRange& range, Watts step) {
  std::vector<Watts> limits;
  // Counted, so that no rounding adds up.
  for (int i = 0; range.maximum - i * step >= range.minimum; ++i) limits.push_back(range.maximum - i * step);
  return limits;
}

Result<std::unique_ptr<JustInTimeProfile>> JustInTimeProfile::Create(TrainingGpus& gpus, const SessionOptions& options,
                                                                     const CostMetric& metric,
                                                                     std::filesystem::path file) {
  std::unique_ptr<JustInTimeProfile> profile(new JustInTimeProfile(gpus, options, metric, std::move(file)));
  Result<PowerProfile> known = ReadPowerProfile(profile->file_);
  if (known) {
    profile->profile_ = *std::move(known);
    profile->saved_ = true;
    ZEUS_RETURN_IF_ERROR(gpus.SetPowerLimit(profile->limit_to_use()));
    return profile;
  }
  if (known.error().code != ErrorCode::kNotFound) return std::unexpected(std::move(known).error());
  ZEUS_ASSIGN_OR_RETURN(profile->profiler_,
                        LimitProfiler::Create(LimitsToProfile(gpus.power_limits()), options.profile_window, 0));
  profile->profile_.job_id = options.job_id;
  ZEUS_RETURN_IF_ERROR(gpus.SetPowerLimit(gpus.power_limits().maximum));
  return profile;
}

Result<void> JustInTimeProfile::BeginTraining(int64_t batches) {
  if (!running()) return {};
  ZEUS_ASSIGN_OR_RETURN(const ProfileWindow window, ScaledToEpoch(options_.profile_window, batches));
  profiler_->set_window(window);
  return {};
}

Result<void> JustInTimeProfile::OnBatch(int64_t batches_left) {
  return Act(profiler_->OnStepBegin(batches_left));
}

Result<void> JustInTimeProfile::EndTraining() {
  return running() ? Act(profiler_->OnEpochEnd()) : Result<void>();
}

Result<void> JustInTimeProfile::Act(const ProfilerActions& actions) {
  if (actions.window == ProfilerActions::Close::kCancel) ZEUS_RETURN_IF_ERROR(gpus_.CancelWindow(kWindow));
  if (actions.measured) {
    if (const Result<void> ended = EndWindow(*actions.measured); !ended) {
      profiler_->MeasureAgain();
      return ended;
    }
  }
  if (actions.finished) {
    profile_.optimal_limit = BestLimit();
    return gpus_.SetPowerLimit(limit_to_use());
  }
  if (actions.set_limit) ZEUS_RETURN_IF_ERROR(gpus_.SetPowerLimit(*actions.set_limit));
  if (actions.begin_window) ZEUS_RETURN_IF_ERROR(gpus_.BeginWindow(kWindow));
  return {};
}

Result<void> JustInTimeProfile::EndWindow(Watts limit) {
  ZEUS_ASSIGN_OR_RETURN(const TrainingFigures figures, gpus_.EndWindow(kWindow));
  const int64_t iterations = profiler_->window().measure;
  if (!CanBeRate(figures)) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("power limit {} W: {} iterations took {:.3g} s and {:.3g} J, too little for the GPUs' "
                            "energy counters; measure more of them (ZEUS_PROFILE_PARAMS)",
                            limit.value(), iterations, figures.time.value(), figures.energy.value()));
  }
  profile_.train[limit] = ToRate(figures, iterations);
  return {};
}

// The first from high to low wins a tie.
Watts JustInTimeProfile::BestLimit() const {
  Watts best;
  Joules least(std::numeric_limits<double>::infinity());
  for (const auto& [limit, rate] : std::views::reverse(profile_.train)) {
    const Joules cost = metric_.EpochCost(rate.power, Seconds(1 / rate.throughput));
    if (cost >= least) continue;
    least = cost;
    best = limit;
  }
  return best;
}

Result<void> JustInTimeProfile::AddEvaluation(const TrainingFigures& figures, int64_t batches) {
  if (running() || !profile_.eval.empty() || !CanBeRate(figures)) return {};
  profile_.eval[limit_to_use()] = ToRate(figures, batches);
  return Save();
}

Result<void> JustInTimeProfile::SaveIfUnsaved() {
  return running() || saved_ ? Result<void>() : Save();
}

Result<void> JustInTimeProfile::Save() {
  ZEUS_RETURN_IF_ERROR(WriteFileAtomically(file_, ToText(profile_)));
  saved_ = true;
  return {};
}

std::optional<Watts> JustInTimeProfile::optimal_limit() const {
  return running() ? std::nullopt : std::optional(profile_.optimal_limit);
}

Watts JustInTimeProfile::limit_to_use() const {
  return options_.limit_use == LimitUse::kOptimal ? profile_.optimal_limit : gpus_.power_limits().maximum;
}

TrainingFigures JustInTimeProfile::Predict(int64_t train_batches, int64_t evaluation_batches) const {
  // A profile of other GPUs, or made in the other mode, may not know the limit: the nearest that it knows below.
  const auto at = [this](const std::map<Watts, ProfiledRate>& rates) {
    const auto above = rates.upper_bound(limit_to_use());
    return (above == rates.begin() ? above : std::prev(above))->second;
  };
  TrainingFigures next = Expected(at(profile_.train), train_batches);
  if (evaluation_batches > 0 && !profile_.eval.empty()) {
    const TrainingFigures evaluation = Expected(at(profile_.eval), evaluation_batches);
    next.energy += evaluation.energy;
    next.time += evaluation.time;
  }
  return next;
}

}  // namespace zeus
