#include "services/batch_size_client/served_policy.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "zeus/base/json_fields.h"

namespace zeus {
namespace {

std::unexpected<Error> Kept() {
  return Fail(ErrorCode::kFailedPrecondition, "the server keeps what is learned; nothing of it is here");
}

template <typename Request>
std::invoke_result_t<Request> Repeat(const ServedPolicy::AskAgain& ask_again, const Request& request) {
  while (true) {
    std::invoke_result_t<Request> answer = request();
    if (answer || answer.error().code != ErrorCode::kUnavailable || !ask_again(answer.error())) return answer;
  }
}

}  // namespace

ServedPolicy::~ServedPolicy() {
  // Where nobody answers, the trial's lease ends by itself.
  if (trial_) [[maybe_unused]]
    const Result<void> given_up = client_.GiveUp(*trial_);
}

Result<JobId> ServedPolicy::RegisterJob(const JobIdentity& job, const KnobSpace& space) {
  const Json spec = {{"job_id", job_.job_id},
                     {"job_id_prefix", job_.job_id.substr(0, 300)},
                     {"batch_sizes", space.batch_sizes()},
                     {"default_batch_size", job.default_batch_size},
                     {"eta_knob", job_.eta},
                     {"beta_knob", std::isinf(job_.beta) ? Json() : Json(job_.beta)},
                     {"target_metric", job.target_metric},
                     {"max_epochs", job.max_epochs},
                     {"window_size", job_.window},
                     {"mab_seed", job_.seed},
                     {"max_power", job_.max_power.value()},
                     {"number_of_gpus", job_.number_of_gpus},
                     {"gpu_model", job_.gpu_model}};
  std::string text = spec.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (spec_ && *spec_ != text) return Fail(ErrorCode::kFailedPrecondition, "this policy has another job already");
  if (!spec_) {
    ZEUS_RETURN_IF_ERROR(client_.Register(text));
    spec_ = std::move(text);
  }
  return JobId{};
}

Result<Joules> ServedPolicy::CostBound() {
  ZEUS_ASSIGN_OR_RETURN(const std::string answer,
                        Repeat(ask_again_(), [this] { return client_.ShowJob(job_.job_id); }));
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(answer, "GET /jobs/{id}"));
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> bound,
                        JsonPlace(json, "GET /jobs/{id}").OptionalField("cost_bound_J"));
  if (!bound) return Joules(std::numeric_limits<double>::infinity());
  ZEUS_ASSIGN_OR_RETURN(const double cost, bound->Number());
  return Joules(cost);
}

Result<Proposal> ServedPolicy::Predict(JobId /*job*/) {
  if (!trial_) {
    ZEUS_ASSIGN_OR_RETURN(trial_, Repeat(ask_again_(), [this] { return client_.StartTrial(job_.job_id); }));
  }
  ZEUS_ASSIGN_OR_RETURN(bound_, CostBound());
  return Proposal{.batch_size = trial_->batch_size, .power_limit = std::nullopt, .cost_cap = bound_};
}

Result<void> ServedPolicy::Observe(JobId /*job*/, const Observation& observation) {
  if (!trial_ || trial_->batch_size != observation.batch_size) {
    return Fail(ErrorCode::kFailedPrecondition, "no trial of that batch size is under way");
  }
  ServedReport report{.energy = observation.energy.value_or(Joules(0)),
                      .time = observation.time.value_or(Seconds(0)),
                      .current_epoch = observation.epochs.value_or(1),
                      .reached = observation.reached};
  if (observation.epochs == 0 && std::isfinite(bound_.value())) {
    report.energy = bound_;
    report.time = Seconds(bound_.value() / job_.max_power.value());
  } else if (!observation.energy || !observation.time) {
    return Fail(ErrorCode::kInvalidArgument, "a server needs to know the energy and the time of a try");
  }
  // Sent twice it counts once.
  ZEUS_ASSIGN_OR_RETURN(const ServedVerdict verdict,
                        Repeat(ask_again_(), [&] { return client_.Report(*trial_, report); }));
  if (!verdict.stop_train) {
    return Fail(ErrorCode::kFailedPrecondition,
                "the server takes the run for one that is under way: it does not know \"reached\" in POST /report");
  }
  trial_.reset();
  return {};
}

Result<std::string> ServedPolicy::SaveBeliefs() const {
  return Kept();
}

Result<void> ServedPolicy::LoadBeliefs(std::string_view /*json*/) {
  return Kept();
}

}  // namespace zeus
