#include "zeus/launcher/relive.h"

#include "zeus/job/knobs.h"
#include "zeus/launcher/process_executor.h"
#include "zeus/launcher/recorded_tries.h"
#include "zeus/recurrence/recurrence_loop.h"

namespace zeus {
namespace {

/// Answers out of the record, and with an error when that has ended.
class RecordExecutor final : public Executor {
 public:
  RecordExecutor(std::vector<RunEntry> recorded, std::string source)
      : recorded_(std::move(recorded), std::move(source)) {}

  Result<Outcome> Execute(const TryRequest& request, const ChoosePowerLimit& choose) override {
    if (recorded_.caught_up()) {
      awaited_ = request.batch_size;
      return Fail(ErrorCode::kUnavailable, "the record has ended");
    }
    ZEUS_ASSIGN_OR_RETURN(const RecordedTries::Try replayed, recorded_.Next(request, choose));
    return OutcomeOf(*replayed.entry);
  }

  [[nodiscard]] bool caught_up() const { return recorded_.caught_up(); }
  [[nodiscard]] const std::optional<int64_t>& awaited() const { return awaited_; }

 private:
  RecordedTries recorded_;
  std::optional<int64_t> awaited_;  // Asked for after the record's end.
};

}  // namespace

Result<std::optional<int64_t>> Relive(const RunHistory& history, const std::string& source,
                                      BatchSizePolicy& batch_size_policy, PowerLimitPolicy& power_limit_policy) {
  const RunIdentity& identity = history.identity;
  ZEUS_ASSIGN_OR_RETURN(const CostMetric metric, CostMetric::Create(identity.eta, identity.max_power));
  ZEUS_ASSIGN_OR_RETURN(const KnobSpace space, KnobSpace::OfBatchSizes(identity.batch_sizes));
  RecordExecutor executor(history.entries, source);
  ZEUS_ASSIGN_OR_RETURN(RecurrenceLoop loop, RecurrenceLoop::Create(identity.job, space, metric, identity.beta,
                                                                    {.batch_size_policy = &batch_size_policy,
                                                                     .power_limit_policy = &power_limit_policy,
                                                                     .executor = &executor}));
  History relived;
  while (!executor.caught_up()) {
    const Result<void> ran = loop.RunRecurrence(&relived);
    // A recurrence that is not over yet ends where the record does; one that failed ends with why.
    if (!ran && !executor.awaited() && !executor.caught_up()) return std::unexpected(ran.error());
  }
  return executor.awaited();
}

}  // namespace zeus
