#include "apps/zeus/served_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/batch_size_client/served_policy.h"

namespace zeus {
namespace {

constexpr Seconds kPatience{600};
constexpr Seconds kLongestPause{10};

// A server that is being restarted comes back: what a training took hours for is not given up for that.
std::function<bool(const Error&)> AskAgain(const Console& console, const NotedSignals& signals) {
  return [&console, &signals, waited = Seconds(0), pause = Seconds(0.5)](const Error& error) mutable {
    if (waited >= kPatience) return false;
    if (waited == Seconds(0)) {
      console.Note(fmt::format("zeus: {}; asking again for {} minutes", error.message, kPatience.value() / 60));
    }
    waited += pause;
    const bool interrupted = signals.Sleep(pause).has_value();
    pause = std::min(2 * pause, kLongestPause);
    return !interrupted;
  };
}

}  // namespace

std::string ServedJobId(const std::string& asked_for, const RunIdentity& identity) {
  return asked_for.empty() ? ToText(identity.job.workload) : asked_for;
}

Result<std::function<Result<std::unique_ptr<BatchSizePolicy>>(const PolicyOptions&)>> MakeServedPolicy(
    const ServerFlags& flags, const std::string& job_id, const RunIdentity& identity, const JobGpus& gpus,
    const Console& console, const NotedSignals& signals) {
  // Now, so that what is no address or no token is told before anything else is done.
  ZEUS_RETURN_IF_ERROR(Connect(flags));
  const ServedJob job{.job_id = ServedJobId(job_id, identity),
                      .eta = identity.eta,
                      .beta = identity.beta,
                      .seed = identity.seed,
                      .window = identity.window,
                      .max_power = identity.max_power,
                      .number_of_gpus = gpus.count,
                      .gpu_model = gpus.name};
  return [flags, job, &console, &signals](const PolicyOptions&) -> Result<std::unique_ptr<BatchSizePolicy>> {
    ZEUS_ASSIGN_OR_RETURN(BatchSizeClient client, Connect(flags));
    return std::make_unique<ServedPolicy>(std::move(client), job,
                                          [&console, &signals] { return AskAgain(console, signals); });
  };
}

}  // namespace zeus
