#pragma once

#include <span>

#include "zeus/optimizer/batch_size/gaussian_thompson_sampling.h"
#include "zeus/optimizer/batch_size/policy_explanation.h"
#include "zeus/optimizer/batch_size/pruning_exploration.h"

namespace zeus {

/// What a bandit believes of its arms, and what it is about to pull. A feasible batch size that is no arm was pruned.
PolicyExplanation ExplainBandit(const GaussianThompsonSampling& bandit, std::span<const int64_t> batch_sizes);

/// Where an exploration is. `runs`: of each batch size, so far. Precondition: it is not done.
PolicyExplanation ExplainExploration(const PruningExploration& exploration, std::span<const int64_t> batch_sizes,
                                     std::span<const int64_t> runs);

}  // namespace zeus
