// Bodies that clients send to a batch-size server, a line each: whatever they hold, the store stays whole, and what a
// registered job is answered with registers it again.
#include <algorithm>

#include "services/batch_size_server/batch_size_service.h"
#include "services/batch_size_server/wire.h"
#include "services/store/invariants.h"
#include "services/store/memory_store.h"
#include "tests/fuzz/require.h"
#include "zeus/base/json_fields.h"

namespace {

using zeus::fuzz::Require;

constexpr zeus::ServiceTime kTime{.now_ms = 1000, .lease_ms = std::nullopt};
constexpr size_t kMostLines = 50;
constexpr size_t kMostSizes = 20;  // Each is a decision's time.

zeus::Result<void> Answer(zeus::store::Store& store, std::string_view body, std::string* job_id) {
  if (const auto spec = zeus::ParseJobSpec(body); spec && spec->batch_sizes.size() <= kMostSizes) {
    ZEUS_ASSIGN_OR_RETURN(const zeus::Registration job, zeus::RegisterJob(store, *spec, [] { return uint64_t{1}; }));
    *job_id = job.settings.job_id;
    const auto again = zeus::ParseJobSpec(zeus::ToJsonText(job.settings));
    Require(again.has_value(), "an answer is a spec");
    const auto found = zeus::RegisterJob(store, *again, [] { return uint64_t{1}; });
    Require(found && !found->is_new && found->settings == job.settings, "the same spec finds the job");
  }
  if (auto report = zeus::ParseReport(body)) {
    if (report->job_id == "*") report->job_id = *job_id;
    ZEUS_RETURN_IF_ERROR(zeus::ReportTrial(store, *report, kTime));
  } else if (auto name = zeus::ParseTrialName(body)) {
    if (name->job_id == "*") name->job_id = *job_id;
    ZEUS_RETURN_IF_ERROR(zeus::GiveUpTrial(store, name->job_id, name->batch_size, name->trial_number, kTime.now_ms));
  }
  ZEUS_RETURN_IF_ERROR(zeus::StartTrial(store, *job_id, kTime));
  return {};
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest = zeus::fuzz::ToText(data, size);
  zeus::store::MemoryStore store;
  std::string job_id;
  for (size_t line = 0; line < kMostLines && !rest.empty(); ++line) {
    const std::string_view body = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), body.size() + 1));
    [[maybe_unused]] const zeus::Result<void> done = store.Atomically([&] { return Answer(store, body, &job_id); });
  }
  const auto broken = zeus::store::FindBrokenInvariants(store);
  Require(broken && broken->empty(), "the store is whole");
  return 0;
}
