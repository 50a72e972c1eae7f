#include "zeus/launcher/recorded_tries.h"

#include <fmt/format.h>

namespace zeus {

Result<RecordedTries::Try> RecordedTries::Next(const TryRequest& request, const ChoosePowerLimit& choose) {
  const RunEntry& entry = recorded_[next_];
  const HistoryEntry& tried = entry.tried;
  const auto wrong = [&](std::string_view problem) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}.entries[{}]: {}", source_, next_, problem));
  };
  if (tried.recurrence != request.recurrence || tried.attempt != request.attempt ||
      tried.batch_size != request.batch_size) {
    return wrong(fmt::format(
        "recurrence {}, try {} with batch size {} is recorded, but this program would have made "
        "recurrence {}, try {} with batch size {}",
        tried.recurrence, tried.attempt, tried.batch_size, request.recurrence, request.attempt, request.batch_size));
  }
  std::optional<Watts> chosen;
  if (!entry.profile.empty()) {
    if (request.power_limit) {
      return wrong(fmt::format("a profile is recorded, but this program would have trained at the known limit of {} W",
                               request.power_limit->value()));
    }
    ZEUS_ASSIGN_OR_RETURN(chosen, choose(entry.profile));
  }
  ++next_;
  return Try{.entry = &entry, .chosen = chosen};
}

}  // namespace zeus
