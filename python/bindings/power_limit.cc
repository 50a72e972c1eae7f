// The step-driven PowerLimitOptimizer and its selectors, for zeus.optimizer.power_limit.
#include <nanobind/nanobind.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <exception>
#include <optional>
#include <tuple>
#include <utility>

#include "python/bindings/all_reduce.h"
#include "python/bindings/errors.h"
#include "python/bindings/module.h"
#include "python/bindings/training_gpus.h"
#include "zeus/training/power_limit_optimizer.h"

namespace nb = nanobind;

namespace zeus::python {
namespace {

/// Limit (W), energy (J), time (s).
using MeasurementTuple = std::tuple<double, double, double>;
using BeginWindowFunction = std::function<void(const std::string&)>;
/// Whether to cancel the window, and what it came to: J and s.
using EndWindowFunction = std::function<std::tuple<double, double>(const std::string&, bool)>;
using SelectFunction = std::function<double(const std::vector<MeasurementTuple>&)>;

std::vector<MeasurementTuple> ToTuples(std::span<const PowerLimitMeasurement> measurements) {
  std::vector<MeasurementTuple> tuples;
  for (const auto& [limit, energy, time] : measurements)
    tuples.emplace_back(limit.value(), energy.value(), time.value());
  return tuples;
}

double Select(const PowerLimitSelector& selector, const std::vector<MeasurementTuple>& tuples) {
  std::vector<PowerLimitMeasurement> measurements;
  for (const auto& [limit, energy, time] : tuples) {
    measurements.push_back({.power_limit = Watts(limit), .energy = Joules(energy), .time = Seconds(time)});
  }
  return Take(selector(measurements)).value();
}

/// What a Python function raised on its way past C++, which knows no exceptions.
class Raised {
 public:
  /// `function`'s value, or an error that stands for what it raised, which is kept.
  template <class Function>
  auto Try(const char* what, Function function) -> Result<decltype(function())> {
    try {
      if constexpr (std::is_void_v<decltype(function())>) {
        function();
        return {};
      } else {
        return function();
      }
    } catch (const std::exception& exception) {
      raised_ = std::current_exception();
      return Fail(ErrorCode::kUnavailable, std::string(what) + ": " + exception.what());
    }
  }
  void Rethrow() {
    if (raised_) std::rethrow_exception(std::exchange(raised_, nullptr));
  }

 private:
  std::exception_ptr raised_;
};

/// GPUs whose limits are borrowed, and whose energy a Python monitor measures.
class MonitoredGpus final : public TrainingGpus {
 public:
  MonitoredGpus(BorrowedGpus borrowed, BeginWindowFunction begin, EndWindowFunction end, Raised& raised)
      : borrowed_(std::move(borrowed)), begin_(std::move(begin)), end_(std::move(end)), raised_(raised) {}

  [[nodiscard]] size_t count() const override { return borrowed_.gpus->count(); }
  [[nodiscard]] const PowerLimitRange& power_limits() const override { return borrowed_.gpus->power_limits(); }
  [[nodiscard]] const std::vector<std::string>& notes() const { return borrowed_.gpus->notes(); }
  Result<void> SetPowerLimit(Watts limit) override { return borrowed_.gpus->SetPowerLimit(limit); }
  Result<void> BeginWindow(std::string_view name) override {
    return raised_.Try("begin_window", [&] { begin_(std::string(name)); });
  }
  Result<TrainingFigures> EndWindow(std::string_view name) override {
    ZEUS_ASSIGN_OR_RETURN(const auto figures,
                          raised_.Try("end_window", [&] { return end_(std::string(name), false); }));
    return TrainingFigures{.energy = Joules(std::get<0>(figures)), .time = Seconds(std::get<1>(figures))};
  }
  Result<void> CancelWindow(std::string_view name) override {
    return raised_.Try("end_window", [&] { end_(std::string(name), true); });
  }

 private:
  const BorrowedGpus borrowed_;
  const BeginWindowFunction begin_;
  const EndWindowFunction end_;
  Raised& raised_;
};

/// As of Session in training.cc: after fork(2) it is the parent's.
class Optimizer {
 public:
  Optimizer(const Environment& environment, std::vector<size_t> gpus, BeginWindowFunction begin, EndWindowFunction end,
            SelectFunction select, int64_t wait_steps, int64_t warmup_steps, int64_t profile_steps, double step,
            const std::string& profile_path, int rank, int size, AllReduceFunction all_reduce)
      : owner_(::getpid()), parts_(std::make_unique<Parts>(rank, size, std::move(all_reduce))) {
    Raised& raised = parts_->raised;
    auto selector = [&raised, select = std::move(select)](std::span<const PowerLimitMeasurement> measured) {
      return raised.Try("select", [&] { return Watts(select(ToTuples(measured))); });
    };
    const auto make = [&]() -> Result<void> {
      const nb::gil_scoped_release released;
      ZEUS_ASSIGN_OR_RETURN(BorrowedGpus borrowed, BorrowGpus(environment, std::move(gpus)));
      parts_->gpus =
          std::make_unique<MonitoredGpus>(std::move(borrowed), std::move(begin), std::move(end), parts_->raised);
      ZEUS_ASSIGN_OR_RETURN(parts_->optimizer, PowerLimitOptimizer::Create(*parts_->gpus, parts_->ranks,
                                                                           {.selector = std::move(selector),
                                                                            .wait_steps = wait_steps,
                                                                            .warmup_steps = warmup_steps,
                                                                            .profile_steps = profile_steps,
                                                                            .step = Watts(step),
                                                                            .profile_path = profile_path}));
      return {};
    };
    TakeAnswer(make());
  }

  ~Optimizer() { Close(); }
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  void Close() {
    if (owner_ != ::getpid()) {
      std::ignore = parts_.release();
      return;
    }
    const nb::gil_scoped_release released;
    parts_.reset();
  }

  void OnStepBegin() {
    if (parts_ && !parts_->optimizer->done())
      Call([](PowerLimitOptimizer& optimizer) { return optimizer.OnStepBegin(); });
  }
  void OnEpochEnd() {
    if (parts_ && !parts_->optimizer->done())
      Call([](PowerLimitOptimizer& optimizer) { return optimizer.OnEpochEnd(); });
  }

  [[nodiscard]] bool done() const { return parts_ && parts_->optimizer->done(); }
  [[nodiscard]] std::optional<double> ChosenLimit() const {
    if (!done()) return std::nullopt;
    return parts_->optimizer->chosen_limit()->value();
  }
  [[nodiscard]] std::optional<double> CurrentLimit() const {
    const std::optional<Watts> limit = parts_ ? parts_->optimizer->current_limit() : std::nullopt;
    return limit ? std::optional(limit->value()) : std::nullopt;
  }
  [[nodiscard]] std::vector<MeasurementTuple> Measurements() const {
    return parts_ ? ToTuples(parts_->optimizer->measurements()) : std::vector<MeasurementTuple>{};
  }
  [[nodiscard]] std::vector<std::string> Notes() const {
    return parts_ ? parts_->gpus->notes() : std::vector<std::string>{};
  }

 private:
  // What outlives what stands first.
  struct Parts {
    Parts(int rank, int size, AllReduceFunction all_reduce) : ranks(rank, size, std::move(all_reduce)) {}
    Raised raised;
    PythonRanks ranks;
    std::unique_ptr<MonitoredGpus> gpus;
    std::unique_ptr<PowerLimitOptimizer> optimizer;
  };

  void TakeAnswer(Result<void> answer) {
    if (!answer) {
      parts_->raised.Rethrow();
      parts_->ranks.Rethrow();
    }
    Take(std::move(answer));
  }

  template <class Function>
  void Call(Function function) {
    if (owner_ != ::getpid()) return;  // A forked child trains at its parent's limit.
    const auto call = [&] {
      const nb::gil_scoped_release released;
      return function(*parts_->optimizer);
    };
    TakeAnswer(call());
  }

  const pid_t owner_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace

void BindPowerLimit(nb::module_& module) {
  module.def(
      "select_least_energy",
      [](const std::vector<MeasurementTuple>& measurements) { return Select(SelectLeastEnergy(), measurements); },
      nb::arg("measurements"), "Of limits (W), energies (J) and times (s): a limit.");
  module.def(
      "select_least_time",
      [](const std::vector<MeasurementTuple>& measurements) { return Select(SelectLeastTime(), measurements); },
      nb::arg("measurements"));
  module.def(
      "select_least_cost",
      [](const std::vector<MeasurementTuple>& measurements, double eta, int64_t gpus) {
        return Select(Take(SelectLeastCost(eta, gpus)), measurements);
      },
      nb::arg("measurements"), nb::arg("eta"), nb::arg("gpus"));
  module.def(
      "select_lowest_within",
      [](const std::vector<MeasurementTuple>& measurements, double factor) {
        return Select(Take(SelectLowestWithin(factor)), measurements);
      },
      nb::arg("measurements"), nb::arg("factor"));

  nb::class_<Optimizer>(module, "PowerLimitOptimizer",
                        "Finds the best power limit in the first steps of a training run: "
                        "zeus/training/power_limit_optimizer.h.")
      .def(nb::init<const Environment&, std::vector<size_t>, BeginWindowFunction, EndWindowFunction, SelectFunction,
                    int64_t, int64_t, int64_t, double, const std::string&, int, int, AllReduceFunction>(),
           nb::arg("environment"), nb::arg("gpus"), nb::arg("begin_window"), nb::arg("end_window"), nb::arg("select"),
           nb::arg("wait_steps"), nb::arg("warmup_steps"), nb::arg("profile_steps"), nb::arg("step"),
           nb::arg("profile_path"), nb::arg("rank") = 0, nb::arg("size") = 1, nb::arg("all_reduce").none() = nb::none(),
           "Borrows the GPUs at these positions of the visible ones.")
      .def("on_step_begin", &Optimizer::OnStepBegin)
      .def("on_epoch_end", &Optimizer::OnEpochEnd)
      .def("close", &Optimizer::Close, "Puts the power limits back.")
      .def_prop_ro("done", &Optimizer::done)
      .def_prop_ro("chosen_limit", &Optimizer::ChosenLimit, "W, once done.")
      .def_prop_ro("current_limit", &Optimizer::CurrentLimit, "W; None after an attempt that failed.")
      .def_prop_ro("measurements", &Optimizer::Measurements, "Limits (W), energies (J) and times (s) so far.")
      .def_prop_ro("notes", &Optimizer::Notes);
}

}  // namespace zeus::python
