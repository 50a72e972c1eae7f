#include "python/bindings/policy_beliefs.h"

#include <algorithm>

#include "zeus/optimizer/power_limit/just_in_time_policy.h"

namespace zeus::python {
namespace {

// A policy of the loop over what a Python object knows, too.
class SharedBatchSizePolicy final : public BatchSizePolicy {
 public:
  explicit SharedBatchSizePolicy(std::shared_ptr<BatchSizeBeliefs> beliefs) : beliefs_(std::move(beliefs)) {}

  [[nodiscard]] std::string_view name() const override { return beliefs_->name(); }
  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) override {
    return beliefs_->Register(job, space.batch_sizes());
  }
  Result<Proposal> Predict(JobId job) override {
    ZEUS_ASSIGN_OR_RETURN(const int64_t batch_size, beliefs_->Predict(job));
    return Proposal{.batch_size = batch_size, .power_limit = {}};
  }
  Result<void> Observe(JobId job, const Observation& observation) override {
    return beliefs_->Observe(job, observation);
  }
  [[nodiscard]] Result<std::string> SaveBeliefs() const override { return FailUnsaved(); }
  Result<void> LoadBeliefs(std::string_view /*json*/) override { return FailUnsaved(); }

 private:
  std::shared_ptr<BatchSizeBeliefs> beliefs_;
};

class SharedPowerLimitPolicy final : public PowerLimitPolicy {
 public:
  explicit SharedPowerLimitPolicy(std::shared_ptr<PowerLimitBeliefs> beliefs) : beliefs_(std::move(beliefs)) {}

  [[nodiscard]] std::string_view name() const override { return "jit"; }
  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& /*space*/) override {
    jobs_.push_back(job);
    return static_cast<JobId>(jobs_.size() - 1);
  }
  Result<std::optional<Watts>> Predict(JobId job, int64_t batch_size) override {
    return beliefs_->Predict(jobs_[static_cast<size_t>(job)], batch_size);
  }
  Result<void> Observe(JobId job, int64_t batch_size, const PowerLimitCost& observation) override {
    return beliefs_->Observe(jobs_[static_cast<size_t>(job)], batch_size, observation);
  }
  [[nodiscard]] Result<std::string> SaveBeliefs() const override { return FailUnsaved(); }
  Result<void> LoadBeliefs(std::string_view /*json*/) override { return FailUnsaved(); }

 private:
  std::vector<JobIdentity> jobs_;
  std::shared_ptr<PowerLimitBeliefs> beliefs_;
};

}  // namespace

std::unexpected<Error> FailUnsaved() {
  return Fail(ErrorCode::kFailedPrecondition, "the beliefs of a Python policy are the Python object's; save that");
}

BatchSizeBeliefs::BatchSizeBeliefs(const BatchSizeBeliefs& other)
    : BatchSizeBeliefs([&other] {
        const std::scoped_lock lock(other.mutex_);
        return std::pair(other.policy_, other.jobs_);
      }()) {}

BatchSizePolicy& BatchSizeBeliefs::policy() {
  return std::visit([](BatchSizePolicy& policy) -> BatchSizePolicy& { return policy; }, policy_);
}

std::string_view BatchSizeBeliefs::name() const {
  return std::visit([](const BatchSizePolicy& policy) { return policy.name(); }, policy_);
}

Result<JobId> BatchSizeBeliefs::Register(const JobIdentity& job, const std::vector<int64_t>& batch_sizes) {
  ZEUS_ASSIGN_OR_RETURN(const KnobSpace space, KnobSpace::OfBatchSizes(batch_sizes));
  JobIdentity known = job;
  if (known.default_batch_size == 0) known.default_batch_size = space.choices().front().batch_size;
  const std::scoped_lock lock(mutex_);
  ZEUS_ASSIGN_OR_RETURN(const JobId id, policy().RegisterJob(known, space));
  if (std::ranges::find(jobs_, job, &std::pair<JobIdentity, JobId>::first) == jobs_.end()) jobs_.emplace_back(job, id);
  return id;
}

Result<JobId> BatchSizeBeliefs::Find(const JobIdentity& job) const {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(jobs_, job, &std::pair<JobIdentity, JobId>::first);
  if (found == jobs_.end()) return FailUnknownJob();
  return found->second;
}

Result<int64_t> BatchSizeBeliefs::Predict(JobId job) {
  const std::scoped_lock lock(mutex_);
  Result<Proposal> proposal = policy().Predict(job);
  if (proposal) return proposal->batch_size;
  if (proposal.error().code == ErrorCode::kUnreachable) proposal.error().code = ErrorCode::kInvalidArgument;
  return std::unexpected(std::move(proposal).error());
}

Result<void> BatchSizeBeliefs::Observe(JobId job, const Observation& observation) {
  const std::scoped_lock lock(mutex_);
  return policy().Observe(job, observation);
}

Result<bool> BatchSizeBeliefs::IsExploring(JobId job) const {
  const std::scoped_lock lock(mutex_);
  const auto* const pruned = std::get_if<PrunedThompsonPolicy>(&policy_);
  if (pruned == nullptr) return false;
  return pruned->IsExploring(job);
}

PowerLimitBeliefs::PowerLimitBeliefs(const PowerLimitBeliefs& other) {
  const std::scoped_lock lock(other.mutex_);
  best_ = other.best_;
}

std::optional<Watts> PowerLimitBeliefs::Predict(const JobIdentity& job, int64_t batch_size) const {
  const std::scoped_lock lock(mutex_);
  const auto found = best_.find({job, batch_size});
  if (found == best_.end() || !found->second) return std::nullopt;
  return found->second->power_limit;
}

Result<void> PowerLimitBeliefs::Observe(const JobIdentity& job, int64_t batch_size, const PowerLimitCost& observation) {
  const std::scoped_lock lock(mutex_);
  return KeepCheapest(observation, &best_[{job, batch_size}]);
}

std::unique_ptr<BatchSizePolicy> MakePolicy(std::shared_ptr<BatchSizeBeliefs> beliefs) {
  return std::make_unique<SharedBatchSizePolicy>(std::move(beliefs));
}

std::unique_ptr<PowerLimitPolicy> MakePolicy(std::shared_ptr<PowerLimitBeliefs> beliefs) {
  return std::make_unique<SharedPowerLimitPolicy>(std::move(beliefs));
}

}  // namespace zeus::python
