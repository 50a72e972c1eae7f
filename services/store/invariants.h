#pragma once

#include <string>
#include <vector>

#include "services/store/store.h"

namespace zeus::store {

/// What contradicts itself in the store, in sentences; none when it is whole. Reads everything, in one
/// transaction: others that share the store wait meanwhile.
Result<std::vector<std::string>> FindBrokenInvariants(Store& store);

}  // namespace zeus::store
