#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "zeus/launcher/run_history.h"
#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/power_limit/power_limit_policy.h"

namespace zeus {

/// Asks and tells fresh policies whatever was asked and told in a recorded run; then they believe what they did when
/// the record ended. `source` names the record in errors: kInvalidData when these policies would have tried something
/// else.
///
/// Returns the batch size that was asked for last and is to be tried next; nothing, if the record ends with a
/// recurrence.
Result<std::optional<int64_t>> Relive(const RunHistory& history, const std::string& source,
                                      BatchSizePolicy& batch_size_policy, PowerLimitPolicy& power_limit_policy);

}  // namespace zeus
