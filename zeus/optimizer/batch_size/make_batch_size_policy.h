#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/policy_options.h"

namespace zeus {

inline constexpr std::string_view kDefaultBatchSizePolicy = "pruned-thompson";

/// Names of the policies that need to know nothing but the job: "pruned-thompson", "thompson", "default", "grid",
/// "knowledge-gradient". (The simulator adds "oracle", which knows the trace; plugins add their own.)
std::vector<std::string_view> BatchSizePolicyNames();

/// A fresh policy; kInvalidArgument for an unknown name, with the list of names.
Result<std::unique_ptr<BatchSizePolicy>> MakeBatchSizePolicy(std::string_view name, const PolicyOptions& options);

}  // namespace zeus
