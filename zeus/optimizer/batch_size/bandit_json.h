#pragma once

#include <vector>

#include "zeus/optimizer/batch_size/gaussian_thompson_sampling.h"
#include "zeus/optimizer/beliefs_json.h"

/// Bandits in saved beliefs. For `.cc` files only.
namespace zeus {

Json RewardsToJson(int64_t batch_size, const ArmRewards& rewards);
/// Arms with their rewards, ascending by batch size, each once.
Result<std::vector<GaussianThompsonSampling::Arm>> ArmsFromJson(const JsonPlace& place, size_t window);

/// Beliefs are written for the reader's eye; loading fits them anew from the rewards.
Json BanditToJson(const GaussianThompsonSampling& bandit);
Result<GaussianThompsonSampling> BanditFromJson(const JsonPlace& place, size_t window, const BanditOptions& options);

}  // namespace zeus
