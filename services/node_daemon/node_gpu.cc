#include "services/node_daemon/node_gpu.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <utility>

#include "zeus/base/json_fields.h"
#include "zeus/base/wall_time.h"
#include "zeus/monitor/power_sampler.h"

namespace zeus {

NodeGpu::NodeGpu(Gpu& gpu, const NodeGpuOptions& options)
    : gpu_(gpu),
      overridden_(gpu, *options.overrides),
      poll_period_(options.poll_period),
      leases_(*options.leases),
      log_(options.log),
      settings_(overridden_, options.keeping),
      power_([this] { sampler_.Post([this] { Sample(); }); }) {
  owner_.Post([this] {
    if (const std::string note = settings_.Begin(); !note.empty()) log_("warning", note, {});
  });
}

void NodeGpu::Change(ChangeRequest request, Changed changed) {
  owner_.Do([this, request = std::move(request), changed = std::move(changed)]() mutable {
    changed(Apply(std::move(request)));
  });
}

void NodeGpu::EndLease(int64_t lease) {
  owner_.Post([this, lease] {
    const std::optional<Result<void>> ended = settings_.EndLease(lease);
    if (!ended) return;
    const std::string gpu = std::to_string(id());
    const std::string number = std::to_string(lease);
    if (*ended) {
      log_("info", fmt::format("GPU {}: lease {} ended; what was there before is back", gpu, number),
           {{"gpu", gpu}, {"lease", number}});
    } else {
      log_("error", fmt::format("GPU {}: lease {} ended; {}", gpu, number, ended->error().message),
           {{"gpu", gpu}, {"lease", number}});
      RestoreLater();
    }
  });
}

// Until it succeeds: a GPU that is lost may be found.
void NodeGpu::RestoreLater() {
  constexpr std::chrono::seconds kPause{1};
  owner_.PostAt(std::chrono::steady_clock::now() + kPause, [this] {
    if (!settings_.is_late()) return;
    if (!settings_.RestoreLate()) return RestoreLater();
    const std::string gpu = std::to_string(id());
    log_("info", fmt::format("GPU {}: what was there before ended leases is back", gpu), {{"gpu", gpu}});
  });
}

void NodeGpu::Ask(Question question) {
  owner_.Do([this, question = std::move(question)]() mutable { question(gpu_); });
}

void NodeGpu::Stop() {
  owner_.Post([this] {
    if (const Result<void> ended = settings_.End(); !ended) log_("error", ended.error().message, {});
  });
  owner_.Stop();
  sampler_.Stop();
}

Result<void> NodeGpu::Apply(ChangeRequest request) {
  constexpr size_t kMostFields = 6;
  const std::string gpu = std::to_string(id());
  http::NamedTexts fields;
  fields.reserve(kMostFields);
  fields.emplace_back("gpu", gpu);
  fields.emplace_back("uuid", gpu_.info().uuid);
  fields.emplace_back("who", std::move(request.who));
  if (request.lease) fields.emplace_back("lease", std::to_string(*request.lease));
  std::string before = ReadBefore(gpu_, request.change);
  if (!before.empty()) fields.emplace_back("before", std::move(before));
  fields.emplace_back("after", ValueText(request.change));
  const std::string what = "GPU " + gpu + ": " + Describe(request.change);
  // Asked here, where it will be put back: after its end nobody would.
  if (request.lease && !leases_.IsLive(*request.lease)) {
    log_("warning", what + ": the lease has ended", fields);
    return Fail(ErrorCode::kFailedPrecondition, "the lease has ended");
  }
  Result<void> applied = settings_.Change(request.change, request.lease);
  if (applied) {
    if (request.lease) leases_.Note(*request.lease, id(), Describe(request.change));
    log_("info", what, fields);
  } else {
    log_("warning", fmt::format("{}: {}", what, applied.error().message), fields);
  }
  return applied;
}

void NodeGpu::Sample() {
  if (!power_.GoesOn()) {
    streamed_mw_.reset();
    return;
  }
  const Result<int64_t> milliwatts = ReadMilliwatts(gpu_);
  if (!milliwatts) {
    if (!std::exchange(told_failure_, true)) log_("warning", milliwatts.error().message, {});
  } else if (told_failure_ = false; streamed_mw_ != *milliwatts) {
    streamed_mw_ = *milliwatts;
    power_.Publish(Json{{"timestamp_ms", NowMilliseconds()}, {"gpu_id", id()}, {"power_mw", *milliwatts}}.dump());
  }
  // The rate is kept; times that were missed are left out. All GPUs' at once, so that their events go out together.
  const auto period =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(poll_period_.value()));
  sampler_.PostAt(NextMultiple(std::chrono::steady_clock::now(), period), [this] { Sample(); });
}

Result<int64_t> ReadMilliwatts(Gpu& gpu) {
  ZEUS_ASSIGN_OR_RETURN(const PowerSensor sensor, BestPowerSensor(gpu));
  ZEUS_ASSIGN_OR_RETURN(const PowerSample sample, gpu.ReadPower(sensor));
  return std::llround(sample.power.value() * 1e3);
}

}  // namespace zeus
