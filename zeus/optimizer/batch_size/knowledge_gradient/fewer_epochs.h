#pragma once

#include <span>

namespace zeus::knowledge_gradient {

/// Runs of a size on both sides of a number of epochs.
struct EpochCounts {
  double few = 0;     ///< Runs that took no more.
  double more = 0;    ///< Runs that took more,
  double excess = 1;  ///< and how many more on average; 1 where there is none.
};

/// `log_epochs`: ln(epochs) of runs. `enough`: a whole number.
EpochCounts CountEpochs(std::span<const double> log_epochs, double enough);

/// What it is expected to save, in epochs, to know how often runs take no more than so many: E[max(0, spare - q *
/// excess)] where a share q of the runs takes `excess` epochs more. `spare` is how many more would cost what the
/// incumbent does. 1 - q has a Beta belief of `prior` runs on each side and those that were counted.
double SavingOfFewerEpochs(const EpochCounts& counts, double spare, double prior);

}  // namespace zeus::knowledge_gradient
