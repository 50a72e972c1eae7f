#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "zeus/monitor/window_log_replay.h"
#include "zeus/training/training_gpus.h"

namespace zeus::testing {

/// GPUs whose windows come from a log: each that is closed is the log's next row. They keep the limits that they are
/// told, and fail when they are told to.
class ReplayedGpus final : public TrainingGpus {
 public:
  enum class Call { kSetPowerLimit, kBeginWindow, kEndWindow, kCancelWindow };

  /// A window, and the limit under which it was opened.
  struct Window {
    std::string name;
    std::optional<Watts> limit;

    bool operator==(const Window&) const = default;
  };

  ReplayedGpus(WindowLogReplay replay, PowerLimitRange range) : replay_(std::move(replay)), range_(range) {}

  [[nodiscard]] size_t count() const override { return replay_.columns().gpus.size(); }
  [[nodiscard]] const PowerLimitRange& power_limits() const override { return range_; }

  Result<void> SetPowerLimit(Watts limit) override {
    ZEUS_RETURN_IF_ERROR(FailIfTold(Call::kSetPowerLimit));
    if (limit_ == limit) return {};
    if (limit < range_.minimum || limit > range_.maximum) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("{} W is outside {} to {} W", limit.value(),
                                                           range_.minimum.value(), range_.maximum.value()));
    }
    limit_ = limit;
    limits_set_.push_back(limit);
    return {};
  }

  Result<void> BeginWindow(std::string_view name) override {
    ZEUS_RETURN_IF_ERROR(FailIfTold(Call::kBeginWindow));
    ZEUS_RETURN_IF_ERROR(replay_.BeginWindow(name));
    opened_.push_back({std::string(name), limit_});
    ++open_;
    return {};
  }
  Result<TrainingFigures> EndWindow(std::string_view name) override {
    ZEUS_RETURN_IF_ERROR(FailIfTold(Call::kEndWindow));
    ZEUS_ASSIGN_OR_RETURN(const Measurement measurement, replay_.EndWindow(name));
    --open_;
    if (const std::vector<std::string> missing = measurement.Missing(); !missing.empty()) {
      return Fail(ErrorCode::kUnavailable, fmt::format("{}", fmt::join(missing, "; ")));
    }
    return TrainingFigures{.energy = measurement.TotalEnergy(), .time = measurement.duration};
  }
  Result<void> CancelWindow(std::string_view name) override {
    ZEUS_RETURN_IF_ERROR(FailIfTold(Call::kCancelWindow));
    ZEUS_RETURN_IF_ERROR(replay_.CancelWindow(name));
    --open_;
    return {};
  }

  /// The next `call` fails with this error and does nothing.
  void FailNext(Call call, Error error) { failures_.insert_or_assign(call, std::move(error)); }

  [[nodiscard]] std::optional<Watts> limit() const { return limit_; }
  /// Those that changed something, in the order in which they did.
  [[nodiscard]] const std::vector<Watts>& limits_set() const { return limits_set_; }
  /// In the order in which they were.
  [[nodiscard]] const std::vector<Window>& opened() const { return opened_; }
  [[nodiscard]] int open_windows() const { return open_; }
  [[nodiscard]] size_t rows_left() const { return replay_.rows_left(); }

 private:
  Result<void> FailIfTold(Call call) {
    const auto failure = failures_.extract(call);
    return failure ? std::unexpected(failure.mapped()) : Result<void>();
  }

  WindowLogReplay replay_;
  const PowerLimitRange range_;
  std::optional<Watts> limit_;
  std::vector<Watts> limits_set_;
  std::vector<Window> opened_;
  int open_ = 0;
  std::map<Call, Error> failures_;
};

}  // namespace zeus::testing
