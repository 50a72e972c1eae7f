#include "zeus/optimizer/batch_size/fixed_policy.h"
#include "zeus/plugin/policy_plugin.h"

namespace {

std::unique_ptr<zeus::BatchSizePolicy> MakeGoodPolicy(const zeus::PolicyOptions&) {
  return std::make_unique<zeus::FixedPolicy>();
}

}  // namespace

ZEUS_BATCH_SIZE_POLICY_PLUGIN("good", MakeGoodPolicy);
