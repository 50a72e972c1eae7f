#pragma once

#include <span>

#include "zeus/optimizer/batch_size/knowledge_gradient/job_beliefs.h"
#include "zeus/optimizer/batch_size/policy_explanation.h"

namespace zeus::knowledge_gradient {

/// What the beliefs say of each batch size, and why the next one is what it is.
PolicyExplanation ExplainBeliefs(const JobBeliefs& beliefs, std::span<const int64_t> batch_sizes);

}  // namespace zeus::knowledge_gradient
