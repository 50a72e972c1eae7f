#pragma once

#include <string>
#include <string_view>

#include "zeus/base/json_fields.h"
#include "zeus/base/numpy_generator.h"
#include "zeus/job/job_json.h"
#include "zeus/optimizer/job_table.h"

/// The common frame of saved beliefs; docs/formats.md describes the document. For `.cc` files only.
namespace zeus {

Json ToJson(const NumpyGenerator& generator);
Result<NumpyGenerator> NumpyGeneratorFromJson(const JsonPlace& place);

/// {"format": "zeus-beliefs", "version": 1, "policy": NAME, "options": ..., "jobs": []}
Json NewBeliefs(std::string_view policy, Json options);

/// Parses a document and checks its frame: the policy's name, and options equal to `options`.
Result<Json> ParseBeliefs(std::string_view text, std::string_view policy, const Json& options);

/// Saves a table; `to_json(entry)` gives the state of one job.
template <class State, class ToJsonFunction>
std::string SaveJobs(std::string_view policy, Json options, const JobTable<State>& table, ToJsonFunction to_json) {
  Json document = NewBeliefs(policy, std::move(options));
  for (const auto& entry : table.entries()) {
    Json job;
    job["job"] = ToJson(entry.identity);
    job["knobs"] = ToJson(entry.space);
    job["state"] = to_json(entry);
    document["jobs"].push_back(std::move(job));
  }
  return document.dump(2) + "\n";
}

/// Loads what SaveJobs wrote; `from_json(place, identity, space)` gives the state of one job. The result is whole or an
/// error: no half-loaded table.
template <class State, class FromJsonFunction>
Result<JobTable<State>> LoadJobs(std::string_view text, std::string_view policy, const Json& options,
                                 FromJsonFunction from_json) {
  ZEUS_ASSIGN_OR_RETURN(const Json document, ParseBeliefs(text, policy, options));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace jobs, JsonPlace(document, "beliefs").Field("jobs"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> elements, jobs.Elements());
  JobTable<State> table;
  for (const JsonPlace& element : elements) {
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace identity_field, element.Field("job"));
    ZEUS_ASSIGN_OR_RETURN(JobIdentity identity, JobIdentityFromJson(identity_field));
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace knobs_field, element.Field("knobs"));
    ZEUS_ASSIGN_OR_RETURN(KnobSpace space, KnobSpaceFromJson(knobs_field));
    if (Result<void> feasible = CheckDefaultIsFeasible(identity, space); !feasible) {
      return Fail(ErrorCode::kInvalidData, element.path() + ": " + feasible.error().message);
    }
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace state_field, element.Field("state"));
    ZEUS_ASSIGN_OR_RETURN(State state, from_json(state_field, identity, space));
    table.Add({std::move(identity), std::move(space), std::move(state)});
  }
  return table;
}

}  // namespace zeus
