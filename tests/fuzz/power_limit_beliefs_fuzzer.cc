// The saved beliefs of the just-in-time power-limit policy.
#include <array>

#include "tests/fuzz/require.h"
#include "zeus/optimizer/power_limit/just_in_time_policy.h"

namespace {

using zeus::fuzz::Require;

std::string Save(const zeus::JustInTimePolicy& policy) {
  const zeus::Result<std::string> saved = policy.SaveBeliefs();
  Require(saved.has_value(), "beliefs can be saved", saved ? "" : saved.error().message);
  return *saved;
}

void CheckSavedBeliefsLoad(const zeus::JustInTimePolicy& policy) {
  const std::string saved = Save(policy);
  zeus::JustInTimePolicy fresh;
  const zeus::Result<void> loaded = fresh.LoadBeliefs(saved);
  Require(loaded.has_value(), "saved beliefs load", loaded ? "" : loaded.error().message + "\n" + saved);
  Require(Save(fresh) == saved, "loaded beliefs are what was saved", saved);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zeus::JustInTimePolicy policy;
  const std::string before = Save(policy);
  if (!policy.LoadBeliefs(zeus::fuzz::ToText(data, size))) {
    Require(Save(policy) == before, "a failed load leaves the policy as it was");
    return 0;
  }
  CheckSavedBeliefsLoad(policy);
  constexpr auto kJob = static_cast<zeus::JobId>(0);
  for (const int64_t batch_size : std::array<int64_t, 3>{8, 16, 32}) {
    if (!policy.Predict(kJob, batch_size)) continue;  // No such job or batch size.
    for (const double watts : {200.0, 150.0, 100.0}) {
      const zeus::Result<void> observed =
          policy.Observe(kJob, batch_size, {.power_limit = zeus::Watts(watts), .epoch_cost = zeus::Joules(watts)});
      Require(observed.has_value(), "a profile can be observed", observed ? "" : observed.error().message);
    }
    Require(policy.Predict(kJob, batch_size)->has_value(), "after a profile the best limit is known");
  }
  CheckSavedBeliefsLoad(policy);
  return 0;
}
