#pragma once

#include <functional>
#include <memory>
#include <string>

#include "apps/zeus/console.h"
#include "apps/zeus/job_gpus.h"
#include "apps/zeus/server_connection.h"
#include "zeus/base/noted_signals.h"
#include "zeus/launcher/recurring_run.h"

namespace zeus {

/// Of a run whose batch sizes a server chooses: the server's job, or else the workload's name.
std::string ServedJobId(const std::string& asked_for, const RunIdentity& identity);

/// Makes the server the policy of a run. Where it does not answer in the middle of a run, it is asked again for ten
/// minutes, unless a signal is noted; `console` and `signals` outlive the policy.
Result<std::function<Result<std::unique_ptr<BatchSizePolicy>>(const PolicyOptions&)>> MakeServedPolicy(
    const ServerFlags& flags, const std::string& job_id, const RunIdentity& identity, const JobGpus& gpus,
    const Console& console, const NotedSignals& signals);

}  // namespace zeus
