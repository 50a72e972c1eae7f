#include "zeus/launcher/replay_executor.h"

namespace zeus {

Result<Outcome> ReplayExecutor::Execute(const TryRequest& request, const ChoosePowerLimit& choose) {
  if (!caught_up()) {
    ZEUS_ASSIGN_OR_RETURN(const RecordedTries::Try replayed, recorded_.Next(request, choose));
    live_.Remember(*replayed.entry, replayed.chosen);
    return OutcomeOf(*replayed.entry);
  }
  if (hooks_.before) hooks_.before(request);
  ZEUS_ASSIGN_OR_RETURN(const RunEntry entry, live_.RunTry(request, choose));
  ZEUS_RETURN_IF_ERROR(hooks_.record(entry));
  return OutcomeOf(entry);
}

}  // namespace zeus
