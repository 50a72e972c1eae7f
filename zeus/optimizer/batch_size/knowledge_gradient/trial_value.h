#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "zeus/optimizer/batch_size/knowledge_gradient/epoch_costs.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/epochs_belief.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/settings.h"

namespace zeus::knowledge_gradient {

/// What one run at a size is worth.
struct TrialValue {
  double gain = 0;   ///< Expected saving of each later recurrence: the knowledge gradient. In units of cost.
  double price = 0;  ///< Expected cost beyond that of running the incumbent instead.
  double score = 0;  ///< gain * recurrences to come - price; worth a run where it is above 0.
  double rank = 0;   ///< Of what is worth a run, the highest goes first.
  double cap = 0;    ///< On the run's cost, with which it is cheapest.
};

/// What is to be weighed.
struct TrialContext {
  size_t incumbent = 0;
  double incumbent_cost = 0;
  double cap = 0;  ///< On the run's cost.
  double max_epochs = 0;
  double recurrences_left = 0;
  double recurrences_left_for_first = 0;  ///< At a size that was not run beyond its profile since a drift.
  double recurrences_seen = 0;
  double profile_overhead = 0;  ///< Of an epoch, in a run that profiles.
  double wall_chance = 0;       ///< That a run here cannot reach the target at all.
};

/// What the epochs of a run can be.
enum class RunLength {
  kWholeEpochs,  ///< Whole numbers from 1 on.
  kAnyNumber,    ///< Any number above 0, because what stands for them are costs.
};

/// The value of running sizes once: what the run would teach, over the recurrences to come, against what it would cost
/// beyond the incumbent. Sources: the knowledge gradient of Frazier, Powell and Dayanik (2008), with a mixture of
/// Gaussians in the place of one. Valid until the beliefs change.
class TrialValuer {
 public:
  TrialValuer(const EpochsBelief& epochs, const EpochCosts& costs, const Settings& settings, RunLength length)
      : epochs_(epochs), costs_(costs), settings_(settings), length_(length) {}

  /// The expected cost of a run to the target at a size: no less than that of an epoch.
  [[nodiscard]] double ExpectedCost(size_t size) const;

  /// ln of a run's cost: mean and variance over everything that is not known of the size; without a run's noise.
  [[nodiscard]] LogBelief LogCost(size_t size) const;

  [[nodiscard]] TrialValue Value(size_t size, const TrialContext& context) const;

  /// The value of another run at a size that has reached, for knowing how often it takes an epoch fewer than what would
  /// cost as much as the incumbent: where runs are of few dear epochs that is a matter of chance, which no curve
  /// foretells. As many recurrences are expected to come as were. Nothing where runs are long.
  [[nodiscard]] std::optional<TrialValue> ValueOfFewerEpochs(size_t size, const TrialContext& context) const;

  /// The highest cost of an epoch with which a first run at the size is worth to be gone on with once its first epoch
  /// is over; infinite when it always is, as where a run is of few epochs.
  [[nodiscard]] double EpochCostLimit(size_t size, const TrialContext& context) const;

 private:
  /// When it is asked: before a size's run, or once the first epoch of its first run has told what an epoch costs.
  enum class Moment { kBefore, kAfterProfile };

  /// ln of a size's cost against the incumbent's, as far as one run would reveal it.
  struct Difference {
    double mean = 0;
    double shrink = 0;     ///< How much of what a curve is off that mean remains.
    double deviation = 0;  ///< About what a curve says.
  };
  struct Price {
    double paid = 0;     ///< What the run is expected to cost,
    double stopped = 0;  ///< and the chance that it is stopped, and the incumbent has to end the recurrence.

    [[nodiscard]] double Beyond(double incumbent_cost) const { return paid + (stopped - 1) * incumbent_cost; }
  };

  [[nodiscard]] TrialValue Value(size_t size, const TrialContext& context, const LogBelief& epoch_cost,
                                 Moment moment) const;
  /// What a curve says of a size's ln(cost) against the incumbent's.
  [[nodiscard]] double Off(size_t size, size_t incumbent, const LogBelief& epoch_cost, size_t position) const;
  [[nodiscard]] Difference Reveal(size_t size, size_t incumbent, const LogBelief& epoch_cost) const;
  [[nodiscard]] double Gain(size_t size, const TrialContext& context, const LogBelief& epoch_cost) const;
  /// With a cap on the run's cost.
  [[nodiscard]] Price PriceOf(size_t size, const TrialContext& context, const LogBelief& epoch_cost, double cap) const;
  /// Whether what the incumbent costs buys few epochs, so that it may be where a run is stopped.
  [[nodiscard]] bool MayStopSooner(const TrialContext& context, const LogBelief& epoch_cost) const;
  [[nodiscard]] bool IsOfFewEpochs(const TrialContext& context, const LogBelief& epoch_cost) const;

  const EpochsBelief& epochs_;
  const EpochCosts& costs_;
  const Settings& settings_;
  RunLength length_;
};

}  // namespace zeus::knowledge_gradient
