#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/job/job.h"
#include "zeus/job/knobs.h"
#include "zeus/optimizer/batch_size/policy_explanation.h"
#include "zeus/optimizer/job_id.h"

namespace zeus {

/// What to try next.
struct Proposal {
  int64_t batch_size = 0;
  std::optional<Watts> power_limit;  ///< Absent: the power-limit policy decides. Most batch-size policies leave it so.
  /// The try is stopped before it costs more. Absent: beta times the cheapest recurrence so far.
  std::optional<Joules> cost_cap = std::nullopt;
  /// When the try profiles, and an epoch at the limit that it found costs more than this, its first epoch is its last.
  /// Absent: it goes on. An executor that cannot end a run there goes on, too.
  std::optional<Joules> epoch_cost_limit = std::nullopt;
};

/// What a try came to.
struct Observation {
  int64_t batch_size = 0;
  Joules cost;
  bool reached = false;  ///< Whether the target metric was reached.
  /// How many epochs were trained, 0 when it did not run. Absent where whoever reports does not know.
  std::optional<int64_t> epochs = std::nullopt;
  /// Of an epoch at the limit that was used, without what a profile adds; absent where it is not known.
  std::optional<Joules> epoch_cost = std::nullopt;
  bool ended_by_profile = false;  ///< It ended after its first epoch because of Proposal::epoch_cost_limit.
  std::optional<Joules> energy = std::nullopt;  ///< What `cost` was made of; absent where it is not known.
  std::optional<Seconds> time = std::nullopt;
};

/// Chooses batch sizes for recurring jobs. Users implement this interface to bring a policy of their own.
///
/// Pure: no clock, thread, file or device; the same calls on the same seed give the same answers. State is kept per
/// job. Not thread-safe; one owner calls it.
class BatchSizePolicy {
 public:
  virtual ~BatchSizePolicy() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;

  /// Makes the job known. Registering it again keeps what was learned and returns the same id.
  virtual Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) = 0;

  /// The next thing to try. kUnreachable when no batch size is left to try.
  virtual Result<Proposal> Predict(JobId job) = 0;

  /// What to run while another run of the job is under way, from which nothing is learned yet. Nothing, which is what
  /// most policies answer: the batch size of the cheapest run so far.
  virtual Result<std::optional<Proposal>> PredictConcurrent(JobId /*job*/) { return std::optional<Proposal>(); }

  /// Reports a try. A policy may refuse an observation it did not ask for; then its beliefs are as before.
  virtual Result<void> Observe(JobId job, const Observation& observation) = 0;

  /// Everything learned, as versioned JSON; loading it into a fresh policy of the same name and options continues as if
  /// nothing had happened. A failed load leaves the policy as it was.
  [[nodiscard]] virtual Result<std::string> SaveBeliefs() const = 0;
  virtual Result<void> LoadBeliefs(std::string_view json) = 0;

  /// What is believed of a job and what comes next, for people. Nothing, where a policy has nothing to tell. Changes
  /// nothing.
  [[nodiscard]] virtual Result<std::optional<PolicyExplanation>> Explain(JobId /*job*/) const {
    return std::optional<PolicyExplanation>();
  }
};

}  // namespace zeus
