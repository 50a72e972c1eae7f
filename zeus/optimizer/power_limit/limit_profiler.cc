#include "zeus/optimizer/power_limit/limit_profiler.h"

#include <fmt/format.h>

#include <utility>

namespace zeus {

Result<ProfileWindow> ScaledToEpoch(const ProfileWindow& window, int64_t batches) {
  if (window.warmup < 1 || window.measure < 1) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("profile window: expected at least 1 iteration of warm-up and "
                                                         "1 that is measured, found {} and {}",
                                                         window.warmup, window.measure));
  }
  const auto no_room = [&] {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("profile window: {} warm-up and {} measured iterations do not fit into an epoch of {} "
                            "batches, not even scaled down; choose a smaller batch size",
                            window.warmup, window.measure, batches));
  };
  if (batches < 1) return no_room();
  ProfileWindow scaled = window;
  // No sum or difference overflows: both parts are above 0.
  if (batches <= window.warmup || batches - window.warmup <= window.measure) {
    const double wanted = static_cast<double>(window.warmup) + static_cast<double>(window.measure);
    const double scale = (static_cast<double>(batches) - 1) / wanted;
    scaled.warmup = static_cast<int64_t>(static_cast<double>(window.warmup) * scale);
    scaled.measure = static_cast<int64_t>(static_cast<double>(window.measure) * scale);
  }
  // The first limit is set by the first batch, and the profiler wants a batch left over: see OnStepBegin.
  if (scaled.warmup == batches - 1 - scaled.measure) --(scaled.measure > 1 ? scaled.measure : scaled.warmup);
  if (scaled.warmup < 1 || scaled.measure < 1) return no_room();
  return scaled;
}

Result<LimitProfiler> LimitProfiler::Create(std::vector<Watts> limits, const ProfileWindow& window, int64_t wait) {
  if (limits.empty()) return Fail(ErrorCode::kInvalidArgument, "there are no power limits to profile");
  if (wait < 0) return Fail(ErrorCode::kInvalidArgument, fmt::format("wait_steps: expected 0 or more, found {}", wait));
  if (window.warmup < 0) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("warmup_steps: expected 0 or more, found {}", window.warmup));
  }
  if (window.measure < 1) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("profile_steps: expected 1 or more, found {}", window.measure));
  }
  return LimitProfiler(std::move(limits), window, wait);
}

LimitProfiler::LimitProfiler(std::vector<Watts> limits, const ProfileWindow& window, int64_t wait)
    : limits_(std::move(limits)), window_(window), current_(window), steps_(wait) {}

ProfilerActions LimitProfiler::OnStepBegin(std::optional<int64_t> steps_left) {
  ProfilerActions actions;
  if (finished() || steps_-- > 0) return actions;
  switch (state_) {
    case State::kReady:
      BeginLimit(steps_left, &actions);
      break;
    case State::kWarmingUp:
      BeginMeasuring(&actions);
      break;
    case State::kMeasuring:
      actions.window = ProfilerActions::Close::kEnd;
      actions.measured = limits_[next_];
      ++next_;
      actions.finished = finished();
      if (!finished()) BeginLimit(steps_left, &actions);
      break;
  }
  return actions;
}

void LimitProfiler::BeginLimit(std::optional<int64_t> steps_left, ProfilerActions* actions) {
  if (steps_left && *steps_left - window_.warmup <= window_.measure) {
    BeReady();
    return;
  }
  current_ = window_;
  actions->set_limit = limits_[next_];
  state_ = State::kWarmingUp;
  steps_ = current_.warmup - 1;
  if (current_.warmup == 0) BeginMeasuring(actions);
}

void LimitProfiler::BeginMeasuring(ProfilerActions* actions) {
  actions->begin_window = limits_[next_];
  state_ = State::kMeasuring;
  steps_ = current_.measure - 1;
}

void LimitProfiler::BeReady() {
  state_ = State::kReady;
  steps_ = 0;
}

ProfilerActions LimitProfiler::OnEpochEnd() {
  ProfilerActions actions;
  if (finished() || state_ == State::kReady) return actions;
  if (state_ == State::kMeasuring) actions.window = ProfilerActions::Close::kCancel;
  actions.set_limit = limits_.front();
  BeReady();
  return actions;
}

void LimitProfiler::MeasureAgain() {
  if (next_ > 0) --next_;
  BeReady();
}

}  // namespace zeus
