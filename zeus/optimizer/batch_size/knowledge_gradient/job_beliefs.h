#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "zeus/optimizer/batch_size/knowledge_gradient/epoch_costs.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/epochs_belief.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/settings.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/shift_detector.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/trial_value.h"

namespace zeus::knowledge_gradient {

/// A run as the beliefs take it in. Sizes are positions among the job's batch sizes.
struct Run {
  size_t size = 0;
  double cost = 0;  ///< J
  bool reached = false;
  std::optional<double> epochs;                          ///< 0: it did not run.
  std::optional<double> epoch_cost;                      ///< J, without a profile's overhead.
  bool ended_by_profile = false;                         ///< After its first epoch, because of what that cost.
  double cap = std::numeric_limits<double>::infinity();  ///< J; what it might cost.
};

/// What to run next.
struct Decision {
  enum class Why {
    kFirst,        ///< Nothing is known: the default.
    kIncumbent,    ///< Nothing else is worth its price.
    kTrial,        ///< What it would teach is worth more than its price.
    kFewerEpochs,  ///< To know how often it takes an epoch fewer is worth more than its price.
    kRetry,        ///< The last try of this recurrence failed.
  };
  size_t size = 0;
  Why why = Why::kFirst;
  double cap = std::numeric_limits<double>::infinity();               ///< On the run's cost.
  double epoch_cost_limit = std::numeric_limits<double>::infinity();  ///< Beyond it, the first epoch is the last.
};

/// All that is believed of one job. Pure: the same runs in the same order give the same beliefs.
///
/// A job whose runs tell neither epochs nor the cost of one is believed to have a convex curve of costs instead.
class JobBeliefs {
 public:
  JobBeliefs(std::span<const int64_t> batch_sizes, int64_t default_batch_size, int64_t max_epochs, double beta,
             const Settings& settings = {});

  /// Precondition: numbers are finite and above 0 where something ran.
  void Observe(const Run& run);
  [[nodiscard]] Decision Decide() const;
  /// The cheapest size of those that reached the target; the default before any did.
  [[nodiscard]] Decision DecideConcurrent() const;
  /// What every size's trial is weighed with, but for the size's own chance of a wall. Absent before a run reached the
  /// target.
  [[nodiscard]] std::optional<TrialContext> Context() const;
  /// What trials are worth. Valid until the next run is observed.
  [[nodiscard]] TrialValuer Valuer() const;
  /// The chance that no run at a size can reach the target, because of failures there or on the way there.
  [[nodiscard]] double WallChance(size_t size, size_t incumbent) const;

  [[nodiscard]] const std::vector<Run>& runs() const { return runs_; }
  [[nodiscard]] const EpochsBelief& epochs() const { return epochs_; }
  [[nodiscard]] const EpochCosts& costs() const { return costs_; }
  [[nodiscard]] size_t Incumbent() const;
  [[nodiscard]] int64_t shifts() const { return shifts_; }
  /// Whether runs are known by their cost alone.
  [[nodiscard]] bool only_costs() const { return only_costs_; }

 private:
  struct OwnCost {
    double cost = 0;
    double epochs = 0;
  };
  struct LogEpochs {
    size_t size = 0;
    double value = 0;
    double expected = 0;
    bool reached = false;
  };

  [[nodiscard]] double EpochsOf(const Run& run) const;
  [[nodiscard]] double profile_overhead() const;
  /// How many recurrences are expected to come, with `growth` more for each that was.
  [[nodiscard]] double RecurrencesLeft(double growth) const;
  void LearnEpochCost(const Run& run);
  void LearnEpochs(const Run& run);
  bool IsShift(size_t size, double log_epochs);
  /// `decision`, or a trial that is worth more. `value`: of a size, if it may be tried at all.
  template <class ValueOf>
  [[nodiscard]] Decision BestTrial(Decision decision, Decision::Why why, const ValueOf& value) const;
  [[nodiscard]] Decision UseIncumbent(const std::optional<TrialContext>& context) const;
  void StartAnew();
  [[nodiscard]] bool any_reached() const { return reached_since_shift_ > 0; }

  Settings settings_;
  double beta_;
  double max_epochs_;
  size_t default_size_;
  std::vector<double> octaves_;
  EpochsBelief epochs_;
  EpochCosts costs_;
  ShiftDetector detector_;
  std::vector<Run> runs_;
  bool only_costs_ = false;
  std::vector<OwnCost> own_costs_;  ///< Where nobody told the cost of an epoch.
  std::vector<LogEpochs> recent_;   ///< Those that follow a shift, if there is one now.
  double overhead_sum_ = 0;
  int64_t overheads_ = 0;
  int64_t recurrences_ = 0;  ///< Since the last shift.
  int64_t reached_since_shift_ = 0;
  int64_t shifts_ = 0;
  int64_t failed_tries_ = 0;            ///< In this recurrence.
  std::vector<int64_t> size_failures_;  ///< In this recurrence.
};

}  // namespace zeus::knowledge_gradient
