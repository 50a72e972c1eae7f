// The policy as a shared object, for `zeus simulate --plugin libhalving.so --batch-policy halving`.

#include "halving_policy.h"
#include "zeus/plugin/policy_plugin.h"

namespace custom_policy {
namespace {

std::unique_ptr<zeus::BatchSizePolicy> MakeHalvingPolicy(const zeus::PolicyOptions& options) {
  return std::make_unique<HalvingPolicy>(options);
}

}  // namespace
}  // namespace custom_policy

ZEUS_BATCH_SIZE_POLICY_PLUGIN("halving", custom_policy::MakeHalvingPolicy);
