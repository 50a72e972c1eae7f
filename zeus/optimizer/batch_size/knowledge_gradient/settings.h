#pragma once

namespace zeus::knowledge_gradient {

/// The constants of the method, chosen on the V100's traces, but for those of walls, drift and noise and `usual`, which
/// made-up jobs and harder ones decided, and `first_growth`, `most_horizon`, `fewer_prior`, `fewer_dearer` and the last
/// digit of `deviation`, for which other GPUs spoke; docs/policies.md says what else was tried. Logarithms are natural,
/// of epochs or of cost, unless an octave (a doubling of the batch size) is named.
struct Settings {
  double deviation = 0.163;  ///< Standard deviation of a batch size's own epochs about the curve, before any is seen.
  double deviation_weight = 3;     ///< How many batch sizes that expectation counts for.
  double least_deviation = 0.05;   ///< Never below; batch sizes that lie on a curve by chance are not certain.
  double no_smallest = 2;          ///< How much likelier than another is a curve that does not rise at small batches.
  double small_critical = 0.03;    ///< And one with a critical size below a quarter of b0, unless runs are noisy.
  double noise = 0.08;             ///< Standard deviation of a run's epochs that is expected before any.
  double noise_weight = 2;         ///< How many runs that expectation counts for, over all batch sizes.
  double size_noise_weight = 2;    ///< How many runs the noise of all counts for at one batch size.
  double least_noise = 0.02;       ///< Never below; runs that agree by chance are not certain.
  double rounding = 0.3;           ///< Whole epochs: standard deviation of this over the number of epochs.
  double cost_drift = 0.10;        ///< Of the cost of an epoch about its curve, for each root of an octave.
  double profile_overhead = 0.15;  ///< Of an epoch, in a run that profiles, before one was seen.
  double few_epochs = 7;           ///< Where the incumbent's cost buys no more than so many, first runs go on.
  double optimism = 1.1;           ///< Factor on variances of what is not known; real epochs have heavy tails.
  double horizon = 25;             ///< At least so many recurrences are expected to come,
  double horizon_growth = 1;       ///< and so many for each one that was,
  double first_growth = 1.3;       ///< or so many before a batch size is run beyond its profile,
  double most_horizon = 140;       ///< but no more.
  double noisy = 0.2;              ///< Runs are noisy where the standard deviation of their epochs is above this;
  double noisy_from = 10;          ///< from so many recurrences on
  double noisy_until = 14;         ///< until so many for each batch size
  double noisy_horizon = 20;       ///< so many times those that are left until then are expected to come.
  double eagerness = 5;            ///< Of what is worth its price, that is first which saves most: so many times more.
  double fewer_prior = 0.1;        ///< Runs on each side that how often a run takes an epoch fewer is judged by before,
  double fewer_from = 10;          ///< after so many recurrences,
  double fewer_up_to = 3;          ///< where the incumbent's cost buys no more than so many epochs,
  double fewer_dearer = 1.2;       ///< each of them so many times as dear as the incumbent's at least.
  double shift_slack = 0.455;      ///< Standard deviations off that each run may be without counting for a drift.
  double shift_limit = 10;         ///< How many of them, summed up on one side, are a drift.
  double suspicion = 3;            ///< Likewise, that make a drift likely enough to try nothing while it is settled.
  double wall_chance = 0.5;        ///< That a run which failed met a wall, and not a curve that rises.
  double fall = 0.5;               ///< Standard deviation of a drift to fewer epochs, in which all sizes fell alike.
  double critical_chance = 0.15;   ///< How likely it is against that that the critical size grew 2, 4, or 8 times,
  double fall_with_critical = 0.1;  ///< and the standard deviation of what all sizes fell by besides.
  double memory_after_fall = 0.12;  ///< How unsure what was seen becomes by a drift to fewer epochs,
  double memory_after_rise = 2.5;   ///< and by one to more, for each unit of ln(epochs) that they rose,
  double least_memory = 0.1;        ///< but at least so much.
  double usual = 4;                 ///< The incumbent is not stopped within so many standard deviations of its noise.
};

}  // namespace zeus::knowledge_gradient
