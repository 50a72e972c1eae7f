#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "zeus/base/units.h"

/// What a batch-size server must not forget.
namespace zeus::store {

enum class Stage { kExploration, kBandit };

/// How a job was registered; none of it ever changes.
struct JobSettings {
  std::string job_id;
  std::string job_id_prefix;
  std::vector<int64_t> batch_sizes;  ///< Ascending, each once.
  int64_t default_batch_size = 0;
  double eta_knob = 0.5;
  std::optional<double> beta_knob = 2.0;  ///< Absent: runs are never ended early.
  double target_metric = 0.5;
  bool higher_is_better_metric = true;
  int64_t max_epochs = 100;
  int64_t num_pruning_rounds = 2;
  int64_t window_size = 0;
  double mab_prior_mean = 0;
  double mab_prior_precision = 0;
  int64_t mab_num_explorations = 2;
  std::optional<int64_t> mab_seed;
  Watts max_power;  ///< Of all the job's GPUs together.
  int64_t number_of_gpus = 1;
  std::string gpu_model;

  bool operator==(const JobSettings&) const = default;
};

struct JobRecord {
  JobSettings settings;
  Stage stage = Stage::kExploration;
  std::string generator_state;      ///< NumPy's own JSON of its generator's state.
  std::optional<Joules> min_cost;   ///< Of the trials that converged.
  int64_t min_cost_batch_size = 0;  ///< Of that trial; the default before there is one.
  int64_t last_trial_number = 0;    ///< Trials are numbered from 1; no number is ever used twice.
  int64_t last_result_number = 0;   ///< Results are numbered from 1 in the order in which they came.

  bool operator==(const JobRecord&) const = default;
};

enum class TrialType { kExploration, kConcurrent, kBandit };
enum class TrialStatus { kDispatched, kSucceeded, kFailed };

/// What a trial that ran to its end took, whether or not it converged.
struct TrialResult {
  int64_t result_number = 0;
  Joules energy;
  Seconds time;
  bool converged = false;

  bool operator==(const TrialResult&) const = default;
};

struct TrialRecord {
  std::string job_id;
  int64_t trial_number = 0;
  int64_t batch_size = 0;
  TrialType type = TrialType::kExploration;
  TrialStatus status = TrialStatus::kDispatched;
  int64_t begin_ms = 0;    ///< Since 1970, UTC.
  int64_t renewed_ms = 0;  ///< When its job was last heard of; no earlier than its begin.
  std::optional<int64_t> end_ms;
  std::optional<TrialResult> result;  ///< Of a succeeded trial, and of no other.

  bool operator==(const TrialRecord&) const = default;
};

}  // namespace zeus::store
