// The saved beliefs of the batch-size policy ZEUS_FUZZED_POLICY.
#include <memory>

#include "tests/fuzz/require.h"
#include "zeus/optimizer/batch_size/make_batch_size_policy.h"

namespace {

using zeus::fuzz::Require;

constexpr uint32_t kJobs = 3;
constexpr int kSteps = 12;

std::unique_ptr<zeus::BatchSizePolicy> Make() {
  return *zeus::MakeBatchSizePolicy(ZEUS_FUZZED_POLICY, zeus::PolicyOptions{});
}

std::string Save(const zeus::BatchSizePolicy& policy) {
  const zeus::Result<std::string> saved = policy.SaveBeliefs();
  Require(saved.has_value(), "beliefs can be saved", saved ? "" : saved.error().message);
  return *saved;
}

// Saved beliefs load into a fresh policy, which then saves the same.
void CheckSavedBeliefsLoad(const zeus::BatchSizePolicy& policy) {
  const std::string saved = Save(policy);
  const auto fresh = Make();
  const zeus::Result<void> loaded = fresh->LoadBeliefs(saved);
  Require(loaded.has_value(), "saved beliefs load", loaded ? "" : loaded.error().message + "\n" + saved);
  Require(Save(*fresh) == saved, "loaded beliefs are what was saved", saved);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto policy = Make();
  const std::string before = Save(*policy);
  if (!policy->LoadBeliefs(zeus::fuzz::ToText(data, size))) {
    Require(Save(*policy) == before, "a failed load leaves the policy as it was");
    return 0;
  }
  CheckSavedBeliefsLoad(*policy);
  for (int step = 0; step < kSteps; ++step) {
    const auto job = static_cast<zeus::JobId>(static_cast<uint32_t>(step) % kJobs);
    const zeus::Result<zeus::Proposal> proposal = policy->Predict(job);
    if (!proposal) continue;  // No such job, or nothing is left to try.
    const zeus::Result<void> observed = policy->Observe(
        job, {.batch_size = proposal->batch_size, .cost = zeus::Joules(100 + step), .reached = step % 5 != 4});
    Require(observed.has_value(), "what was proposed can be observed", observed ? "" : observed.error().message);
  }
  CheckSavedBeliefsLoad(*policy);
  return 0;
}
