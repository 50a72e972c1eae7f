#pragma once

#include <expected>
#include <string>
#include <vector>

#include "services/batch_size_server/batch_size_service.h"
#include "services/batch_size_server/job_view.h"
#include "services/http/message.h"
#include "services/store/records.h"

/// The JSON bodies of the batch-size server's API, published names and defaults: docs/http-api.md.
namespace zeus {

/// A body's content, or the 422 that says what is wrong with it.
template <class T>
using Parsed = std::expected<T, http::Response>;

struct TrialName {
  std::string job_id;
  int64_t batch_size = 0;
  int64_t trial_number = 0;
};

Parsed<store::JobSettings> ParseJobSpec(std::string_view body);
Parsed<TrialReport> ParseReport(std::string_view body);
Parsed<TrialName> ParseTrialName(std::string_view body);

std::string ToJsonText(const store::JobSettings& settings);
std::string ToJsonText(const store::TrialRecord& trial);  ///< Its TrialName only, as the published API has it.
std::string ToJsonText(const Verdict& verdict);
/// {"job_id": ..., its settings, "stage": ..., "arms": [...], "costs": [...], "savings": {...} or null}.
std::string ToJsonText(const store::JobRecord& job, const std::vector<ArmView>& arms,
                       std::optional<Joules> bounding_cost, const JobView& view);
/// {"jobs": [...], "next": what to ask for `after`, or null}. `more`: whether there are more.
std::string PageOfJobs(const std::vector<store::JobRecord>& jobs, bool more);
std::string PageOfTrials(const store::JobSettings& settings, const std::vector<store::TrialRecord>& trials, bool more);

}  // namespace zeus
