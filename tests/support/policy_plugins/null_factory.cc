#include "zeus/plugin/policy_plugin.h"

namespace {

std::unique_ptr<zeus::BatchSizePolicy> MakeNothing(const zeus::PolicyOptions&) {
  return nullptr;
}

}  // namespace

ZEUS_BATCH_SIZE_POLICY_PLUGIN("null-factory", MakeNothing);
