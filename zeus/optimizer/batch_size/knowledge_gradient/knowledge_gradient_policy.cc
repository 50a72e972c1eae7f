#include "zeus/optimizer/batch_size/knowledge_gradient/knowledge_gradient_policy.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "zeus/optimizer/batch_size/check_observation.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/beliefs_json.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/explain_beliefs.h"

namespace zeus {

using knowledge_gradient::Decision;
using knowledge_gradient::JobBeliefs;
using knowledge_gradient::Run;

namespace {

Proposal ToProposal(const Decision& decision, const KnobSpace& space) {
  Proposal proposal{.batch_size = space.choices()[decision.size].batch_size, .power_limit = {}};
  if (std::isfinite(decision.cap)) proposal.cost_cap = Joules(decision.cap);
  if (std::isfinite(decision.epoch_cost_limit)) proposal.epoch_cost_limit = Joules(decision.epoch_cost_limit);
  return proposal;
}

void NoteProposed(const Decision& decision, KnowledgeGradientPolicy::JobState* state) {
  state->proposed[decision.size] = true;
  state->caps[decision.size] = decision.cap;
  const bool trial = decision.why == Decision::Why::kTrial || decision.why == Decision::Why::kFewerEpochs;
  if (trial) state->trial = decision.size;
}

}  // namespace

KnowledgeGradientPolicy::JobState KnowledgeGradientPolicy::NewState(const JobIdentity& job,
                                                                    const KnobSpace& space) const {
  return {.beliefs = JobBeliefs(space.batch_sizes(), job.default_batch_size, job.max_epochs, options_.beta, settings_),
          .awaited = std::nullopt,
          .proposed = std::vector<bool>(space.size()),
          .caps = std::vector<double>(space.size(), std::numeric_limits<double>::infinity()),
          .trial = std::nullopt};
}

Result<JobId> KnowledgeGradientPolicy::RegisterJob(const JobIdentity& job, const KnobSpace& space) {
  return jobs_.Register(job, space, [&]() -> Result<JobState> { return NewState(job, space); });
}

Result<Proposal> KnowledgeGradientPolicy::Predict(JobId job) {
  ZEUS_ASSIGN_OR_RETURN(auto* const entry, jobs_.Find(job));
  JobState& state = entry->state;
  const Decision decision = state.beliefs.Decide();
  state.awaited = decision.size;
  state.trial.reset();  // Nothing is under way: one whose result never came is over, too.
  NoteProposed(decision, &state);
  return ToProposal(decision, entry->space);
}

Result<std::optional<Proposal>> KnowledgeGradientPolicy::PredictConcurrent(JobId job) {
  ZEUS_ASSIGN_OR_RETURN(auto* const entry, jobs_.Find(job));
  JobState& state = entry->state;
  // One trial at a time: what it teaches decides about the next.
  const Decision decision = state.trial ? state.beliefs.DecideConcurrent() : state.beliefs.Decide();
  NoteProposed(decision, &state);
  return ToProposal(decision, entry->space);
}

Result<void> KnowledgeGradientPolicy::Observe(JobId job, const Observation& observation) {
  ZEUS_ASSIGN_OR_RETURN(auto* const entry, jobs_.Find(job));
  ZEUS_ASSIGN_OR_RETURN(const size_t size, CheckObservation(observation, entry->space));
  JobState& state = entry->state;
  if (options_.concurrency == Concurrency::kOff && !state.awaited) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("a result for batch size {}, but none was asked for", observation.batch_size));
  }
  if (options_.concurrency == Concurrency::kOff && *state.awaited != size) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("a result for batch size {}, but {} was proposed", observation.batch_size,
                            entry->space.choices()[*state.awaited].batch_size));
  }
  if (!state.proposed[size]) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("a result for batch size {}, which was never proposed", observation.batch_size));
  }
  Run run{.size = size,
          .cost = observation.cost.value(),
          .reached = observation.reached,
          .epochs = {},
          .epoch_cost = {},
          .ended_by_profile = observation.ended_by_profile,
          .cap = state.caps[size]};
  if (observation.epochs) run.epochs = static_cast<double>(*observation.epochs);
  if (observation.epoch_cost) run.epoch_cost = observation.epoch_cost->value();
  ZEUS_RETURN_IF_ERROR(knowledge_gradient::CheckRun(run, state.beliefs, observation.batch_size));
  state.beliefs.Observe(run);
  if (state.awaited == size) state.awaited.reset();
  if (state.trial == size) state.trial.reset();
  return {};
}

Result<const JobBeliefs*> KnowledgeGradientPolicy::Beliefs(JobId job) const {
  const auto index = static_cast<size_t>(job);
  if (index >= jobs_.entries().size()) return FailUnknownJob();
  return &jobs_.entries()[index].state.beliefs;
}

Result<std::string> KnowledgeGradientPolicy::SaveBeliefs() const {
  return SaveJobs(name(), knowledge_gradient::OptionsToJson(options_), jobs_,
                  [](const auto& entry) { return knowledge_gradient::StateToJson(entry.state, entry.space); });
}

Result<void> KnowledgeGradientPolicy::LoadBeliefs(std::string_view json) {
  ZEUS_ASSIGN_OR_RETURN(
      jobs_, LoadJobs<JobState>(
                 json, name(), knowledge_gradient::OptionsToJson(options_),
                 [this](const JsonPlace& place, const JobIdentity& job, const KnobSpace& space) -> Result<JobState> {
                   return knowledge_gradient::StateFromJson(place, space, NewState(job, space));
                 }));
  return {};
}

Result<std::optional<PolicyExplanation>> KnowledgeGradientPolicy::Explain(JobId job) const {
  ZEUS_ASSIGN_OR_RETURN(const JobBeliefs* const beliefs, Beliefs(job));
  return knowledge_gradient::ExplainBeliefs(*beliefs, jobs_.entries()[static_cast<size_t>(job)].space.batch_sizes());
}

}  // namespace zeus
