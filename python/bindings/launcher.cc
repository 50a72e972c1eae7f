// RecurringRun, for zeus.run.ZeusMaster.
#include <fmt/format.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "python/bindings/errors.h"
#include "python/bindings/job.h"
#include "python/bindings/module.h"
#include "python/bindings/policy_bridge.h"
#include "python/bindings/training_gpus.h"
#include "zeus/launcher/recurring_run.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace zeus::python {
namespace {

struct Gpus {
  std::string name;
  Watts largest_limit;
  size_t count = 0;
};

/// The GPUs that a job will see.
Gpus ReadGpus(const Environment& environment) {
  const nb::gil_scoped_release released;
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(InventoryOf(environment));
  const std::vector<Gpu*> visible = Take(inventory->VisibleGpus());
  if (visible.empty()) {
    throw ErrorException({ErrorCode::kFailedPrecondition, "there is no GPU to train on; `zeus env` tells why"},
                         ErrorFamily::kGeneral);
  }
  Gpus gpus{.name = visible.front()->info().name, .count = visible.size()};
  for (Gpu* const gpu : visible) {
    gpus.largest_limit = std::max(gpus.largest_limit, Take(gpu->settings().ReadPowerLimitRange()).maximum);
  }
  return gpus;
}

RunIdentity ToRunIdentity(nb::handle job, double eta, double beta) {
  RunIdentity identity;
  identity.job = ToJobIdentityWithDefault(job);
  identity.eta = eta;
  identity.beta = beta;
  return identity;
}

/// Runs to the end of the recurrences, or to a signal. (bs, limit, energy, reached, time) of every try, and the signal.
nb::tuple RunRecurrences(nb::handle job, std::vector<std::string> command, nb::handle optimizer,
                         const std::string& policy_name, std::vector<int64_t> batch_sizes, int64_t recurrences,
                         double eta, double beta, uint64_t seed, bool observer, int64_t warmup, int64_t measure,
                         double largest_limit, int64_t gpus, const std::string& folder, bool resume,
                         std::optional<int> echo) {
  RaisedByPolicy raised;
  std::unique_ptr<BatchSizePolicy> policy = ToBatchSizePolicy(optimizer, job, &raised);
  RecurringRunOptions options;
  options.identity = ToRunIdentity(job, eta, beta);
  options.identity.batch_sizes = std::move(batch_sizes);
  options.identity.max_power = static_cast<double>(gpus) * Watts(largest_limit);
  options.identity.seed = seed;
  options.identity.batch_policy = policy_name;
  options.identity.observer = observer ? ObserverMode::kOn : ObserverMode::kOff;
  options.identity.profile = {.warmup = warmup, .measure = measure};
  options.recurrences = recurrences;
  options.command = std::move(command);
  options.largest_limit = Watts(largest_limit);
  options.make_policy = [&policy](const PolicyOptions&) -> Result<std::unique_ptr<BatchSizePolicy>> {
    return std::move(policy);
  };
  options.echo = echo;

  History history;
  std::optional<int> signal;
  const auto run = [&]() -> Result<void> {
    const nb::gil_scoped_release released;
    const NotedSignals signals;
    options.signals = &signals;
    ZEUS_ASSIGN_OR_RETURN(
        const std::unique_ptr<RecurringRun> started,
        resume ? RecurringRun::Resume(folder, std::move(options)) : RecurringRun::Start(folder, std::move(options)));
    const Result<RunEnding> ended = started->Run();
    history = started->history();
    signal = signals.first();
    if (!ended) return std::unexpected(ended.error());
    return {};
  };
  raised.TakeFrom(run());
  nb::list entries;
  for (const HistoryEntry& entry : history) {
    entries.append(nb::make_tuple(entry.batch_size, ToPythonWatts(entry.power_limit), entry.energy.value(),
                                  entry.reached, entry.time.value()));
  }
  return nb::make_tuple(entries, signal);
}

}  // namespace

void BindLauncher(nb::module_& module) {
  module.def(
      "read_job_gpus",
      [](const Environment& environment) {
        const Gpus gpus = ReadGpus(environment);
        return std::tuple{gpus.name, gpus.largest_limit.value(), gpus.count};
      },
      "environment"_a, "Of the visible GPUs: the first one's name, the largest power limit (W), how many.");
  module.def(
      "run_folder_name",
      [](nb::handle job, int64_t recurrences, double eta, double beta, const std::string& timestamp) {
        return RunFolderName(ToRunIdentity(job, eta, beta), recurrences, timestamp);
      },
      "job"_a, "recurrences"_a, "eta"_a, "beta"_a, "timestamp"_a);
  module.def("run_recurrences", &RunRecurrences, "job"_a, "command"_a, "optimizer"_a, "policy_name"_a, "batch_sizes"_a,
             "recurrences"_a, "eta"_a, "beta"_a, "seed"_a, "observer"_a, "warmup"_a, "measure"_a, "largest_limit"_a,
             "gpus"_a, "folder"_a, "resume"_a, "echo"_a.none(),
             nb::sig("def run_recurrences(job: object, command: collections.abc.Sequence[str], optimizer: object, "
                     "policy_name: str, batch_sizes: collections.abc.Sequence[int], recurrences: int, eta: float, "
                     "beta: float, seed: int, observer: bool, warmup: int, measure: int, largest_limit: float, "
                     "gpus: int, folder: str, resume: bool, echo: int | None) -> "
                     "tuple[list[tuple[int, int, float, bool, float]], int | None]"),
             "Every try's batch size, limit (W), energy (J), whether it reached the target, time (s); and the signal "
             "that ended the run, if one did.");
}

}  // namespace zeus::python
