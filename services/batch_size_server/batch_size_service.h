#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/store/store.h"
#include "zeus/optimizer/batch_size/gaussian_thompson_sampling.h"

/// What the batch-size server decides, on the records of a store and with the policies of zeus/optimizer. Each function
/// is to be called within Store::Atomically and may leave changes behind where it fails, for the caller to undo. Their
/// errors' codes become statuses: kInvalidArgument 400, kNotFound 404, kFailedPrecondition 409, kUnreachable 500.
/// Source: the published server; docs/http-api.md lists where we differ.
namespace zeus {

/// What a run that took so much costs.
Joules CostOf(const store::JobSettings& settings, Joules energy, Seconds time);

struct Registration {
  store::JobSettings settings;  ///< With the id that it was given.
  bool is_new = false;
};

/// Registers a job, or finds the same one. `entropy` gives random bits: for an id, where the settings have none, and
/// for the random state of a job without a seed. kFailedPrecondition when the id belongs to a job with other settings.
Result<Registration> RegisterJob(store::Store& store, store::JobSettings settings,
                                 const std::function<uint64_t()>& entropy);

/// When something happens.
struct ServiceTime {
  int64_t now_ms = 0;  ///< Since 1970, UTC.
  /// A trial whose job is not heard of for so long is given up. Absent: never.
  std::optional<int64_t> lease_ms;
};

/// Starts a trial: of the batch size that exploration comes to next; while that waits for a result, of the cheapest one
/// known; after exploration, of the bandit's choice. Gives up the job's trials whose leases have ended, before it
/// chooses.
Result<store::TrialRecord> StartTrial(store::Store& store, const std::string& job_id, const ServiceTime& time);

/// What a trial came to so far.
struct TrialReport {
  std::string job_id;
  int64_t batch_size = 0;
  int64_t trial_number = 0;
  Joules energy;  ///< Since the training began.
  Seconds time;
  double metric = 0;
  int64_t current_epoch = 0;
  /// The run has ended, and whether it reached the target; then `metric` says nothing. Absent: it is under way.
  std::optional<bool> reached = std::nullopt;
};

struct Verdict {
  bool stop_train = false;
  bool converged = false;
  std::string message;
};

/// The cheapest run that converged, whose cost times beta a run may take. With a window, among each batch size's latest
/// results only: after costs have risen for good, runs converge again once the window has forgotten the old ones.
Result<std::optional<Joules>> BoundingCost(store::Store& store, const store::JobRecord& job);

/// Says whether to train on. A trial that is to stop has succeeded, with its result kept, even where it did not
/// converge; reporting it again gets the same answer. Otherwise its lease begins anew.
Result<Verdict> ReportTrial(store::Store& store, const TrialReport& report, const ServiceTime& time);

/// Gives a trial up, so that its batch size can be tried again. Nothing, when it has ended.
Result<void> GiveUpTrial(store::Store& store, const std::string& job_id, int64_t batch_size, int64_t trial_number,
                         int64_t now_ms);

/// A batch size as the bandit sees it.
struct ArmView {
  int64_t batch_size = 0;
  size_t observations = 0;  ///< Within the window.
  GaussianBelief belief;    ///< Of its mean reward, -cost in J.
};

/// The arms of a job whose exploration is over; none before.
Result<std::vector<ArmView>> ViewArms(store::Store& store, const store::JobRecord& job);

}  // namespace zeus
