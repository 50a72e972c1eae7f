#include "zeus/monitor/step_monitor.h"

#include <fmt/format.h>

#include <utility>

namespace zeus {

Result<std::unique_ptr<StepMonitor>> StepMonitor::Create(EnergyMonitor& monitor, Options options) {
  if (options.skip_steps < 0) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("skip_steps: expected 0 or more, found {}", options.skip_steps));
  }
  if (options.profile_steps < 1) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("profile_steps: expected 1 or more, found {}", options.profile_steps));
  }
  return std::unique_ptr<StepMonitor>(new StepMonitor(monitor, std::move(options)));
}

Result<void> StepMonitor::StartStep() {
  if (in_step_) return Fail(ErrorCode::kFailedPrecondition, "a step begins within a step; finish that one first");
  if (Measures()) ZEUS_RETURN_IF_ERROR(monitor_.BeginWindow(options_.window_name));
  in_step_ = true;
  return {};
}

Result<void> StepMonitor::FinishStep() {
  if (!in_step_) return Fail(ErrorCode::kFailedPrecondition, "a step is finished that was not started");
  if (!Measures()) {
    in_step_ = false;
    if (skipped_ < options_.skip_steps) ++skipped_;
    return {};
  }
  ZEUS_ASSIGN_OR_RETURN(const Measurement step, monitor_.EndWindow(options_.window_name));
  in_step_ = false;
  for (size_t i = 0; i < step.gpus.size(); ++i) {
    if (step.gpus[i]) continue;
    return Fail(ErrorCode::kUnavailable, fmt::format("a step does not count: {}", step.gpus[i].error().message));
  }
  ++measured_;
  energy_ += step.TotalEnergy();
  time_ += step.duration;
  return {};
}

void StepMonitor::Reset() {
  // Where the step under way is one that is skipped, there is no window to forget.
  if (in_step_ && Measures()) static_cast<void>(monitor_.CancelWindow(options_.window_name));
  in_step_ = false;
  skipped_ = 0;
  measured_ = 0;
  energy_ = {};
  time_ = {};
}

Result<bool> StepMonitor::IsDone() const {
  if (in_step_) return Fail(ErrorCode::kFailedPrecondition, "whether all steps are done is not known within a step");
  return measured_ == options_.profile_steps;
}

Result<void> StepMonitor::CheckDone() const {
  if (measured_ == options_.profile_steps) return {};
  return Fail(ErrorCode::kFailedPrecondition,
              fmt::format("{} of {} steps are measured so far", measured_, options_.profile_steps));
}

Result<Joules> StepMonitor::TotalEnergy() const {
  ZEUS_RETURN_IF_ERROR(CheckDone());
  return energy_;
}

Result<Joules> StepMonitor::AverageEnergy() const {
  ZEUS_RETURN_IF_ERROR(CheckDone());
  return energy_ / options_.profile_steps;
}

Result<Seconds> StepMonitor::TotalTime() const {
  ZEUS_RETURN_IF_ERROR(CheckDone());
  return time_;
}

Result<Seconds> StepMonitor::AverageTime() const {
  ZEUS_RETURN_IF_ERROR(CheckDone());
  return time_ / options_.profile_steps;
}

}  // namespace zeus
