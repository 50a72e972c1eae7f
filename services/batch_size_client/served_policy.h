#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "services/batch_size_client/batch_size_client.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/optimizer/batch_size/batch_size_policy.h"

namespace zeus {

/// What a job is registered with at a server, besides what every policy is told of it.
struct ServedJob {
  std::string job_id;
  double eta = 0.5;
  double beta = 2.0;  ///< May be infinite: no run is ended early.
  uint64_t seed = 1;  ///< Of the bandit.
  size_t window = 0;  ///< Results of a batch size that count; 0: all.
  Watts max_power;    ///< Of all the job's GPUs together.
  int64_t number_of_gpus = 1;
  std::string gpu_model;
};

/// A batch-size server as the policy of one job: it decides, and it remembers, across programs and machines. Each
/// Predict() starts a trial, which the Observe() after it reports. A trial without one is given up when the policy is
/// destroyed.
///
/// Not pure, unlike other policies: others may train the same job meanwhile. Errors: those of BatchSizeClient.
class ServedPolicy final : public BatchSizePolicy {
 public:
  /// Told of each kUnavailable of one request in turn; waits, and says whether to send it again.
  using AskAgain = std::function<bool(const Error&)>;

  /// `ask_again` makes one for each request; the first, which registers the job, is not repeated.
  ServedPolicy(BatchSizeClient client, ServedJob job, std::function<AskAgain()> ask_again)
      : client_(std::move(client)), job_(std::move(job)), ask_again_(std::move(ask_again)) {}
  ServedPolicy(const ServedPolicy&) = delete;
  ServedPolicy& operator=(const ServedPolicy&) = delete;
  ~ServedPolicy() override;

  [[nodiscard]] std::string_view name() const override { return kName; }
  static constexpr std::string_view kName = "server";

  /// kFailedPrecondition when the server has a job of this id with other settings, or when another was registered here.
  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) override;
  Result<Proposal> Predict(JobId job) override;
  /// Needs the energy and time of a try that ran. One that did not, because not even an epoch fits under its bound, is
  /// reported to have cost that bound.
  Result<void> Observe(JobId job, const Observation& observation) override;

  /// kFailedPrecondition: the server keeps what is learned.
  [[nodiscard]] Result<std::string> SaveBeliefs() const override;
  Result<void> LoadBeliefs(std::string_view json) override;

 private:
  // What the server lets a run cost.
  Result<Joules> CostBound();

  BatchSizeClient client_;
  ServedJob job_;
  std::function<AskAgain()> ask_again_;
  std::optional<std::string> spec_;  // As it was registered.
  std::optional<ServedTrial> trial_;
  Joules bound_;
};

}  // namespace zeus
