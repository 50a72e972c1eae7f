#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "zeus/training/training_gpus.h"

namespace zeus::testing {

/// GPUs that train in no time: Work() says how long they would have, at the limit that is set, and what they drew. They
/// keep a record of what was done to them.
class FakeTrainingGpus final : public TrainingGpus {
 public:
  /// At a limit, how much longer work takes than at the highest, and what each GPU draws.
  struct Pace {
    double stretch = 1;
    Watts power;
  };
  using Model = std::function<Pace(Watts limit)>;

  explicit FakeTrainingGpus(size_t count = 1, Model model = SlowsBelow200Watts,
                            PowerLimitRange range = {Watts(100), Watts(250), Watts(250)})
      : count_(count), model_(std::move(model)), range_(range) {}

  /// Draws 200 W as long as it may; below, work takes longer, at first only a little. The least cost at an eta of 0.5
  /// and a maximum of 250 W is at 150 W.
  static Pace SlowsBelow200Watts(Watts limit) {
    const double share = std::min(1.0, limit.value() / 200);
    return {.stretch = 1 + 2 * std::pow(1 - share, 3), .power = Watts(200 * share)};
  }

  void Work(Seconds at_highest) {
    const Pace pace = model_(limit_);
    const Seconds took = pace.stretch * at_highest;
    time_ += took;
    energy_ += static_cast<double>(count_) * (pace.power * took);
  }

  [[nodiscard]] Watts limit() const { return limit_; }
  [[nodiscard]] const std::vector<Watts>& limits_set() const { return limits_set_; }
  [[nodiscard]] Joules energy() const { return energy_; }
  [[nodiscard]] Seconds time() const { return time_; }
  /// "begin NAME", "end NAME", "cancel NAME", in their order.
  [[nodiscard]] const std::vector<std::string>& windows() const { return windows_; }
  /// Every call fails, until it is told not to.
  void FailWith(std::optional<Error> error) { failure_ = std::move(error); }

  [[nodiscard]] size_t count() const override { return count_; }
  [[nodiscard]] const PowerLimitRange& power_limits() const override { return range_; }
  Result<void> SetPowerLimit(Watts limit) override {
    if (failure_) return std::unexpected(*failure_);
    limit_ = limit;
    limits_set_.push_back(limit);
    return {};
  }
  Result<void> BeginWindow(std::string_view name) override {
    if (failure_) return std::unexpected(*failure_);
    windows_.push_back("begin " + std::string(name));
    open_[std::string(name)] = {.energy = energy_, .time = time_};
    return {};
  }
  Result<TrainingFigures> EndWindow(std::string_view name) override {
    ZEUS_ASSIGN_OR_RETURN(const TrainingFigures begun, Close("end ", name));
    return TrainingFigures{.energy = energy_ - begun.energy, .time = time_ - begun.time};
  }
  Result<void> CancelWindow(std::string_view name) override {
    ZEUS_RETURN_IF_ERROR(Close("cancel ", name));
    return {};
  }

 private:
  Result<TrainingFigures> Close(const char* how, std::string_view name) {
    if (failure_) return std::unexpected(*failure_);
    windows_.push_back(how + std::string(name));
    const auto found = open_.find(std::string(name));
    if (found == open_.end()) return Fail(ErrorCode::kNotFound, "no window " + std::string(name));
    const TrainingFigures begun = found->second;
    open_.erase(found);
    return begun;
  }

  size_t count_;
  Model model_;
  PowerLimitRange range_;
  Watts limit_{250};
  std::vector<Watts> limits_set_;
  Joules energy_;
  Seconds time_;
  std::map<std::string, TrainingFigures> open_;
  std::vector<std::string> windows_;
  std::optional<Error> failure_;
};

}  // namespace zeus::testing
