#include <fmt/format.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <span>

#include "python/bindings/errors.h"
#include "python/bindings/job.h"
#include "python/bindings/module.h"
#include "python/bindings/policy_bridge.h"
#include "zeus/simulator/cluster.h"
#include "zeus/simulator/joined_trace.h"
#include "zeus/simulator/single_job.h"
#include "zeus/trace/cluster_groups.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace zeus::python {
namespace {

// How many recurrences go by until signals are looked at: a few milliseconds' worth.
constexpr int64_t kRecurrencesAtOnce = 4096;

// What the text of a data frame is in C++; `source` names it in errors.
template <class Trace>
Trace Parsed(Trace (*parse)(std::string_view, const std::string&, Problems*), std::string_view text,
             const std::string& source) {
  Problems problems;
  Trace trace = parse(text, source, &problems);
  Take(ToResult(problems));
  return trace;
}

// (recurrence, try, batch size, power limit, energy, reached, time) of every try.
nb::list ToPython(std::span<const HistoryEntry> history) {
  nb::list list;
  for (const HistoryEntry& entry : history) {
    list.append(nb::make_tuple(entry.recurrence, entry.attempt, entry.batch_size, ToPythonWatts(entry.power_limit),
                               entry.energy.value(), entry.reached, entry.time.value()));
  }
  return list;
}

struct Optimizers {
  nb::handle batch_size;
  nb::handle power_limit;
};

Policies ToPolicies(const Optimizers& optimizers, nb::handle job, RaisedByPolicy* raised) {
  return {.batch_size = ToBatchSizePolicy(optimizers.batch_size, job, raised),
          .power_limit = ToPowerLimitPolicy(optimizers.power_limit, job, raised)};
}

// One job on its trace, with policies that may be Python's. Not for two threads at once.
class PythonSimulation {
 public:
  PythonSimulation(const JoinedTrace& traces, nb::handle job, const Optimizers& optimizers,
                   const SimulationOptions& options)
      : trace_(Take(traces.Select(ToJobIdentityWithDefault(job)))),
        simulation_(
            raised_.TakeFrom(SingleJobSimulation::Create(trace_, options, ToPolicies(optimizers, job, &raised_)))) {}

  void RunUntil(int64_t recurrences) {
    while (simulation_.recurrences_done() < recurrences) {
      const int64_t next = std::min(recurrences, simulation_.recurrences_done() + kRecurrencesAtOnce);
      Result<void> ran;
      {
        const nb::gil_scoped_release released;
        ran = simulation_.RunUntil(next);
      }
      raised_.TakeFrom(std::move(ran));
      if (PyErr_CheckSignals() != 0) throw nb::python_error();
    }
  }

  [[nodiscard]] const SingleJobSimulation& simulation() const { return simulation_; }

 private:
  const JobTrace trace_;
  RaisedByPolicy raised_;
  SingleJobSimulation simulation_;
};

nb::list SimulatePythonGroup(const JoinedTrace& traces, nb::handle job, const std::string& group_csv,
                             const Optimizers& optimizers, const SimulationOptions& options) {
  const std::vector<ClusterGroup> groups = Parsed(&ParseClusterGroups, group_csv, "group_df");
  if (groups.size() != 1) {
    throw nb::value_error(
        fmt::format("group_df: expected the rows of one group, found {} groups", groups.size()).c_str());
  }
  const JobTrace trace = Take(traces.Select(ToJobIdentityWithDefault(job)));
  RaisedByPolicy raised;
  Policies policies = ToPolicies(optimizers, job, &raised);
  Result<GroupResult> result;
  {
    const nb::gil_scoped_release released;
    result = SimulateGroup(groups.front(), trace, options, std::move(policies));
  }
  return ToPython(raised.TakeFrom(std::move(result)).history);
}

void BindTraces(nb::module_& module) {
  nb::class_<TrainTrace>(module, "TrainTrace")
      .def_static(
          "read", [](const std::string& path) { return Take(ReadTrainTrace(path)); }, "path"_a)
      .def_static(
          "parse",
          [](const std::string& text, const std::string& source) { return Parsed(&ParseTrainTrace, text, source); },
          "text"_a, "source"_a);
  nb::class_<PowerTrace>(module, "PowerTrace")
      .def_static(
          "read", [](const std::string& path) { return Take(ReadPowerTrace(path)); }, "path"_a)
      .def_static(
          "parse",
          [](const std::string& text, const std::string& source) { return Parsed(&ParsePowerTrace, text, source); },
          "text"_a, "source"_a);
  nb::class_<JoinedTrace>(module, "JoinedTrace", "A train trace and a GPU's power trace, joined.")
      .def("__init__", [](JoinedTrace* self, const TrainTrace& train,
                          const PowerTrace& power) { new (self) JoinedTrace(Take(JoinedTrace::Create(train, power))); })
      .def_prop_ro(
          "max_power", [](const JoinedTrace& self) { return ToPythonWatts(self.max_power()); },
          nb::sig("def max_power(self) -> int"))
      .def(
          "default_recurrences",
          [](const JoinedTrace& self, nb::handle job) {
            return Take(self.Select(ToJobIdentityWithDefault(job))).DefaultRecurrences();
          },
          "job"_a);
}

}  // namespace

void BindSimulator(nb::module_& module) {
  BindTraces(module);
  constexpr const char* kHistory = "list[tuple[int, int, int, int, float, bool, float]]";
  static const std::string kHistorySignature = fmt::format("def history(self, first: int = 0) -> {}", kHistory);
  static const std::string kGroupSignature = fmt::format(
      "def simulate_group(traces: JoinedTrace, job: object, group_csv: str, batch_size_optimizer: object, "
      "power_limit_optimizer: object, seed: int, beta: float, eta: float) -> {}",
      kHistory);
  nb::class_<PythonSimulation>(module, "Simulation", "The recurrences of one job on its traces.")
      .def(
          "__init__",
          [](PythonSimulation* self, const JoinedTrace& traces, nb::handle job, nb::handle batch_size_optimizer,
             nb::handle power_limit_optimizer, uint64_t seed, double beta, double eta) {
            new (self) PythonSimulation(traces, job, {batch_size_optimizer, power_limit_optimizer},
                                        {.eta = eta, .beta = beta, .seed = seed});
          },
          "traces"_a, "job"_a, "batch_size_optimizer"_a, "power_limit_optimizer"_a, "seed"_a, "beta"_a, "eta"_a)
      .def("run_until", &PythonSimulation::RunUntil, "recurrences"_a)
      .def(
          "history",
          [](const PythonSimulation& self, size_t first) {
            const std::span<const HistoryEntry> history(self.simulation().history());
            return ToPython(history.subspan(std::min(first, history.size())));
          },
          nb::sig(kHistorySignature.c_str()), "first"_a = 0,
          "(recurrence, try, bs, pl, energy, reached, time) of every try from the `first`-th on.");
  module.def(
      "simulate_group",
      [](const JoinedTrace& traces, nb::handle job, const std::string& group_csv, nb::handle batch_size_optimizer,
         nb::handle power_limit_optimizer, uint64_t seed, double beta, double eta) {
        return SimulatePythonGroup(traces, job, group_csv, {batch_size_optimizer, power_limit_optimizer},
                                   {.eta = eta, .beta = beta, .seed = seed});
      },
      nb::sig(kGroupSignature.c_str()), "traces"_a, "job"_a, "group_csv"_a, "batch_size_optimizer"_a,
      "power_limit_optimizer"_a, "seed"_a, "beta"_a, "eta"_a);
}

}  // namespace zeus::python
