#include <stdexcept>

#include "zeus/plugin/policy_plugin.h"

namespace {

std::unique_ptr<zeus::BatchSizePolicy> Throw(const zeus::PolicyOptions&) {
  throw std::runtime_error("not today");
}

}  // namespace

ZEUS_BATCH_SIZE_POLICY_PLUGIN("throwing-factory", Throw);
