#pragma once

#include "zeus/base/json_fields.h"
#include "zeus/job/history.h"
#include "zeus/job/job.h"
#include "zeus/job/knobs.h"

/// Jobs, knobs and histories in saved states. For `.cc` files only, like json_fields.h.
namespace zeus {

Json ToJson(const JobIdentity& identity);
Result<JobIdentity> JobIdentityFromJson(const JsonPlace& place);

Json ToJson(const KnobSpace& space);
Result<KnobSpace> KnobSpaceFromJson(const JsonPlace& place);

Json ToJson(const History& history);
Result<History> HistoryFromJson(const JsonPlace& place);

}  // namespace zeus
