#pragma once

#include <cstdint>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/job/job.h"
#include "zeus/trace/power_trace.h"
#include "zeus/trace/synthetic_gpu.h"
#include "zeus/trace/train_trace.h"

namespace zeus {

/// A made-up training job.
///
/// Epochs to the last target at batch size b, up to a factor that makes the best batch size take `epochs`:
///   (1 + b / critical_batch_size) * (1 + noisy_batch_size / b)
/// The first factor: beyond the critical batch size, examples are wasted on a gradient that is already good (McCandlish
/// et al., "An Empirical Model of Large-Batch Training", 2018, equation 2.11). The second stands for the noise of small
/// batches; it is chosen for the convex curve over log b that Zeus (NSDI'23) observes, not derived. The best batch size
/// is sqrt(critical_batch_size * noisy_batch_size).
struct SyntheticWorkload {
  Workload workload{.dataset = "synthetic-images", .network = "synthetic-convnet", .optimizer = "sgd"};
  int64_t dataset_size = 50'000;  ///< Samples per epoch.
  std::vector<int64_t> batch_sizes = {16, 32, 64, 128, 256, 512, 1024, 2048};
  int64_t default_batch_size = 1024;      ///< b0, what its user would take; one of batch_sizes.
  double default_learning_rate = 0.1;     ///< At b0; at others as the optimizer's scaling rule says.
  Seconds compute_per_sample{0.0003};     ///< At the highest clock on a GPU of speed 1.
  Seconds memory_per_sample{0.0002};      ///< On a GPU of speed 1.
  Seconds overhead_per_iteration{0.010};  ///< The host: launches, data loading, synchronisation.
  std::vector<double> target_metrics = {0.5, 0.6, 0.7, 0.75};  ///< From the easiest to the hardest.
  double epochs = 30;                                          ///< To the last target at the best batch size.
  double target_exponent = 2;  ///< Target i of n takes (i / n)^target_exponent of the last one's epochs.
  int64_t max_epochs = 100;    ///< What takes longer is recorded as never reached.
  double critical_batch_size = 1024;
  double noisy_batch_size = 32;       ///< 0 for no penalty on small batches.
  double run_noise = 0.05;            ///< Sigma of the lognormal factor on a run's epochs.
  int64_t smallest_converging = 1;    ///< Smaller batch sizes never reach the last target.
  int64_t largest_converging = 1024;  ///< Nor do larger ones.
  double failure_probability = 0;     ///< Of any other run to miss the last target.
  int64_t runs = 4;                   ///< At each batch size.
};

/// kInvalidArgument naming the first field that cannot be.
Result<void> Validate(const SyntheticWorkload& workload);

/// Expected epochs to the last target, before noise and rounding.
double ExpectedEpochs(const SyntheticWorkload& workload, int64_t batch_size);

/// Runs with noise; the same seed gives the same trace on every machine. A run that fails reaches some of the easier
/// targets. kInvalidArgument when no run at the default batch size reaches the last target: nobody could use that.
Result<TrainTrace> GenerateTrainTrace(const SyntheticWorkload& workload, uint64_t seed);

/// Time and power of an epoch at each batch size and power limit of the GPU, to six digits. Time never grows with the
/// limit, and power is never above it.
Result<PowerTrace> GeneratePowerTrace(const SyntheticWorkload& workload, const SyntheticGpu& gpu);

/// The job that a list of workloads names for it: the last target at the default batch size.
JobIdentity DefaultJob(const SyntheticWorkload& workload);

}  // namespace zeus
