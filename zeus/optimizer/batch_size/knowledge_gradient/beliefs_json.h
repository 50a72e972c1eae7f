#pragma once

#include "zeus/base/json_fields.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/knowledge_gradient_policy.h"
#include "zeus/optimizer/beliefs_json.h"

/// Beliefs are saved as the runs they come from, and live through them again when loaded. For `.cc` files only.
namespace zeus::knowledge_gradient {

/// kInvalidArgument, naming the batch size and what was expected, for a run that cannot be.
Result<void> CheckRun(const Run& run, const JobBeliefs& beliefs, int64_t batch_size);

Json OptionsToJson(const PolicyOptions& options);
Json StateToJson(const KnowledgeGradientPolicy::JobState& state, const KnobSpace& space);
/// `fresh` is the state of a job that has no run.
Result<KnowledgeGradientPolicy::JobState> StateFromJson(const JsonPlace& place, const KnobSpace& space,
                                                        KnowledgeGradientPolicy::JobState fresh);

}  // namespace zeus::knowledge_gradient
