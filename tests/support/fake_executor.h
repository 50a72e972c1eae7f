#pragma once

#include <functional>
#include <vector>

#include "zeus/recurrence/executor.h"

namespace zeus::testing {

/// An executor without a trace or a process: it records what it is asked, and answers as it is told.
class FakeExecutor final : public Executor {
 public:
  /// How a request is answered. When it names no power limit, `profile` is shown to the loop first, and the outcome's
  /// limit is the one the loop then chose.
  std::function<Result<Outcome>(const TryRequest&)> answer;
  std::vector<PowerLimitCost> profile;

  std::vector<TryRequest> requests;  ///< All so far, in order.
  int profilings = 0;                ///< How often the loop was asked to choose a limit.

  Result<Outcome> Execute(const TryRequest& request, const ChoosePowerLimit& choose) override {
    requests.push_back(request);
    TryRequest decided = request;
    if (!request.power_limit) {
      ++profilings;
      ZEUS_ASSIGN_OR_RETURN(decided.power_limit, choose(profile));
    }
    ZEUS_ASSIGN_OR_RETURN(Outcome outcome, answer(decided));
    outcome.power_limit = *decided.power_limit;
    return outcome;
  }
};

}  // namespace zeus::testing
