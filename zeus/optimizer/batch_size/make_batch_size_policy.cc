#include "zeus/optimizer/batch_size/make_batch_size_policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "zeus/optimizer/batch_size/fixed_policy.h"
#include "zeus/optimizer/batch_size/grid_policy.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/knowledge_gradient_policy.h"
#include "zeus/optimizer/batch_size/pruned_thompson_policy.h"
#include "zeus/optimizer/batch_size/thompson_policy.h"

namespace zeus {

std::vector<std::string_view> BatchSizePolicyNames() {
  return {"pruned-thompson", "thompson", "default", "grid", "knowledge-gradient"};
}

Result<std::unique_ptr<BatchSizePolicy>> MakeBatchSizePolicy(std::string_view name, const PolicyOptions& options) {
  if (name == "pruned-thompson") return std::make_unique<PrunedThompsonPolicy>(options);
  if (name == "thompson") return std::make_unique<ThompsonPolicy>(options);
  if (name == "default") return std::make_unique<FixedPolicy>();
  if (name == "grid") return std::make_unique<GridPolicy>();
  if (name == "knowledge-gradient") return std::make_unique<KnowledgeGradientPolicy>(options);
  return Fail(ErrorCode::kInvalidArgument, fmt::format("no batch-size policy is named \"{}\"; there are: {}", name,
                                                       fmt::join(BatchSizePolicyNames(), ", ")));
}

}  // namespace zeus
