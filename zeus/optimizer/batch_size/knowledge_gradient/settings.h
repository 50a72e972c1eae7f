#pragma once

namespace zeus::knowledge_gradient {

/// The constants of the method, chosen on the V100's traces alone; docs/policies.md says what else was tried.
/// Logarithms are natural, of epochs or of cost, unless an octave (a doubling of the batch size) is named.
struct Settings {
  double deviation = 0.16;         ///< Standard deviation of a batch size's own epochs about the curve.
  double noise = 0.08;             ///< Standard deviation of a run's epochs that is expected before any.
  double noise_weight = 2;         ///< How many runs that expectation counts for, over all batch sizes.
  double size_noise_weight = 2;    ///< How many runs the noise of all counts for at one batch size.
  double least_noise = 0.02;       ///< Never below; runs that agree by chance are not certain.
  double rounding = 0.3;           ///< Whole epochs: standard deviation of this over the number of epochs.
  double cost_drift = 0.10;        ///< Of the cost of an epoch about its curve, for each root of an octave.
  double profile_overhead = 0.15;  ///< Of an epoch, in a run that profiles, before one was seen.
  double optimism = 1.2;           ///< Factor on variances of what is not known; real epochs have heavy tails.
  double horizon = 25;             ///< At least so many recurrences are expected to come,
  double horizon_growth = 1;       ///< and so many for each one that was.
  double shift_slack = 0.5;        ///< Standard deviations off that each run may be without counting for a drift.
  double shift_limit = 10;         ///< How many of them, summed up on one side, are a drift.
  double wall_chance = 0.5;        ///< That a run which failed met a wall, and not a curve that rises.
  double memory = 0.1;             ///< At least so unsure is what was seen before a drift.
};

}  // namespace zeus::knowledge_gradient
