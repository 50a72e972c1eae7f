#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "python/bindings/arguments.h"
#include "python/bindings/errors.h"
#include "python/bindings/job.h"
#include "python/bindings/module.h"
#include "python/bindings/policy_beliefs.h"
#include "zeus/optimizer/batch_size/pruning_exploration.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace zeus::python {
namespace {

void BindBatchSizeBeliefs(nb::module_& module) {
  nb::class_<BatchSizeBeliefs>(module, "BatchSizeBeliefs", "What a built-in batch-size policy has learned.")
      .def_static(
          "pruned_thompson",
          [](double prior_mean, double prior_precision, size_t window_size, bool concurrency, uint64_t seed) {
            const PolicyOptions options{
                .seed = seed, .window = window_size, .concurrency = concurrency ? Concurrency::kOn : Concurrency::kOff};
            return std::make_shared<BatchSizeBeliefs>(
                PrunedThompsonPolicy(options, {.mean = prior_mean, .precision = prior_precision}));
          },
          "prior_mean"_a, "prior_precision"_a, "window_size"_a, "concurrency"_a, "seed"_a)
      .def_static(
          "thompson",
          [](std::optional<double> reward_precision, double prior_mean, double prior_precision, size_t num_exploration,
             uint64_t seed) {
            const BanditOptions bandit{.prior = {.mean = prior_mean, .precision = prior_precision},
                                       .num_exploration = num_exploration,
                                       .reward_precision = reward_precision};
            return std::make_shared<BatchSizeBeliefs>(
                ThompsonPolicy({.seed = seed, .window = 0, .concurrency = Concurrency::kOff}, bandit));
          },
          "reward_precision"_a.none(), "prior_mean"_a, "prior_precision"_a, "num_exploration"_a, "seed"_a,
          "Without a reward precision it is learned.")
      .def(
          "__deepcopy__",
          [](const BatchSizeBeliefs& self, nb::handle /*memo*/) { return std::make_shared<BatchSizeBeliefs>(self); },
          "memo"_a)
      .def(
          "register_job",
          [](BatchSizeBeliefs& self, nb::handle job, nb::handle batch_sizes) {
            Take(self.Register(ToJobIdentity(job), ToIntegers(batch_sizes, "batch_sizes")));
          },
          "job"_a, "batch_sizes"_a)
      .def(
          "predict",
          [](BatchSizeBeliefs& self, nb::handle job) {
            return Take(self.Predict(Take(self.Find(ToJobIdentity(job)))));
          },
          "job"_a)
      .def(
          "observe",
          [](BatchSizeBeliefs& self, nb::handle job, nb::handle batch_size, nb::handle cost, bool converged) {
            Take(self.Observe(Take(self.Find(ToJobIdentity(job))), {.batch_size = ToInteger(batch_size, "batch_size"),
                                                                    .cost = Joules(ToNumber(cost, "cost")),
                                                                    .reached = converged}));
          },
          "job"_a, "batch_size"_a, "cost"_a, "converged"_a)
      .def(
          "is_exploring",
          [](const BatchSizeBeliefs& self, nb::handle job) {
            return Take(self.IsExploring(Take(self.Find(ToJobIdentity(job)))));
          },
          "job"_a, "Whether the job's batch sizes are still being pruned.");
}

void BindPowerLimitBeliefs(nb::module_& module) {
  nb::class_<PowerLimitBeliefs>(module, "PowerLimitBeliefs", "The cheapest power limit of each job and batch size.")
      .def(nb::init<>())
      .def(
          "__deepcopy__",
          [](const PowerLimitBeliefs& self, nb::handle /*memo*/) { return std::make_shared<PowerLimitBeliefs>(self); },
          "memo"_a)
      .def(
          "predict",
          [](const PowerLimitBeliefs& self, nb::handle job, nb::handle batch_size) -> nb::object {
            const std::optional<Watts> limit = self.Predict(ToJobIdentity(job), ToInteger(batch_size, "batch_size"));
            return limit ? ToPythonWatts(*limit) : nb::none();
          },
          nb::sig("def predict(self, job: object, batch_size: int) -> int | None"), "job"_a, "batch_size"_a)
      .def(
          "observe",
          [](PowerLimitBeliefs& self, nb::handle job, nb::handle batch_size, nb::handle power_limit, nb::handle cost) {
            Take(self.Observe(ToJobIdentity(job), ToInteger(batch_size, "batch_size"),
                              {.power_limit = Watts(ToNumber(power_limit, "power_limit")),
                               .epoch_cost = Joules(ToNumber(cost, "cost"))}));
          },
          "job"_a, "batch_size"_a, "power_limit"_a, "cost"_a);
}

void BindPruningExploration(nb::module_& module) {
  nb::class_<PruningExploration>(module, "PruningExploration", "Which batch size to explore next.")
      .def("__init__",
           [](PruningExploration* self, nb::handle batch_sizes, nb::handle default_batch_size, nb::handle rounds) {
             std::vector<int64_t> sorted = ToIntegers(batch_sizes, "batch_sizes");
             std::ranges::sort(sorted);
             const int64_t count = ToInteger(rounds, "num_pruning_rounds");
             if (count < 1 || count > 1000) throw nb::value_error("num_pruning_rounds: expected 1 to 1000");
             new (self) PruningExploration(Take(PruningExploration::Create(
                 std::move(sorted), ToInteger(default_batch_size, "default"), static_cast<int>(count))));
           })
      .def(
          "__deepcopy__", [](const PruningExploration& self, nb::handle /*memo*/) { return PruningExploration(self); },
          "memo"_a)
      .def("next", &PruningExploration::Next)
      .def(
          "report",
          [](PruningExploration& self, nb::handle batch_size, nb::handle cost, bool reached) {
            Take(self.Report(ToInteger(batch_size, "batch_size"), Joules(ToNumber(cost, "cost")), reached));
          },
          "batch_size"_a, "cost"_a, "reached"_a)
      .def_prop_ro("batch_sizes", [](const PruningExploration& self) { return self.state().batch_sizes; })
      .def_prop_ro("default_batch_size",
                   [](const PruningExploration& self) { return self.state().default_batch_size; });
}

void BindBandit(nb::module_& module) {
  nb::class_<NumpyGenerator>(module, "NumpyGenerator", "numpy.random.default_rng(seed), draw for draw.")
      .def(nb::init<uint64_t>(), "seed"_a)
      .def(
          "permutation",
          [](NumpyGenerator& self, size_t count) {
            std::vector<uint64_t> chosen(count);
            self.ChooseWithoutReplacement(count, chosen);
            return chosen;
          },
          "count"_a, "choice(count, count, replace=False)")
      .def("normal", &NumpyGenerator::Normal, "mean"_a, "standard_deviation"_a)
      .def(
          "__deepcopy__", [](const NumpyGenerator& self, nb::handle /*memo*/) { return NumpyGenerator(self); },
          "memo"_a);
  module.def(
      "posterior",
      [](double prior_mean, double prior_precision, double reward_precision, nb::handle rewards) {
        ArmRewards arm(0);
        for (const double reward : ToNumbers(rewards, "rewards")) arm.Add(reward);
        const GaussianBelief belief =
            Posterior({.mean = prior_mean, .precision = prior_precision}, reward_precision, arm.Compute());
        return nb::make_tuple(belief.mean, belief.precision, arm.count());
      },
      nb::sig("def posterior(prior_mean: float, prior_precision: float, reward_precision: float, rewards: object) -> "
              "tuple[float, float, int]"),
      "prior_mean"_a, "prior_precision"_a, "reward_precision"_a, "rewards"_a,
      "Mean and precision of the belief about an arm's mean reward, and how many rewards there were.");
}

}  // namespace

void BindPolicy(nb::module_& module) {
  BindBatchSizeBeliefs(module);
  BindPowerLimitBeliefs(module);
  BindPruningExploration(module);
  BindBandit(module);
}

}  // namespace zeus::python
