// TrainingSession, for zeus.run.ZeusDataLoader.
#include <nanobind/nanobind.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <optional>
#include <tuple>
#include <utility>

#include "python/bindings/all_reduce.h"
#include "python/bindings/errors.h"
#include "python/bindings/module.h"
#include "python/bindings/training_gpus.h"
#include "zeus/training/training_session.h"

namespace nb = nanobind;

namespace zeus::python {
namespace {

SessionOptions OptionsOf(const Environment& environment) {
  return Take(SessionOptions::FromEnvironment([&](const char* name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  }));
}

/// A session with all that it works with. After fork(2) it is the parent's: a child that drops it leaves everything as
/// it is, threads that it has not included.
class Session {
 public:
  Session(const Environment& environment, int64_t batch_size, int64_t max_epochs, std::vector<size_t> gpus, int rank,
          int size, AllReduceFunction all_reduce)
      : owner_(::getpid()) {
    SessionOptions options = OptionsOf(environment);
    auto parts = std::make_unique<Parts>(rank, size, std::move(all_reduce));
    const nb::gil_scoped_release released;
    if (rank == 0) parts->borrowed = Take(BorrowGpus(environment, std::move(gpus)));
    LocalGpus* const borrowed = parts->borrowed.gpus.get();
    parts->session =
        Take(TrainingSession::Create({.batch_size = batch_size, .max_epochs = max_epochs}, std::move(options),
                                     {.gpus = borrowed,
                                      .logged_gpus = borrowed != nullptr ? borrowed->gpus() : std::vector<Gpu*>{},
                                      .group = parts->ranks}));
    parts_ = std::move(parts);
  }

  ~Session() { Close(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Close() {
    if (owner_ != ::getpid()) {
      std::ignore = parts_.release();
      return;
    }
    if (!parts_) return;
    result_ = parts_->session->result();
    const nb::gil_scoped_release released;  // A monitor's end is waited for.
    parts_.reset();
  }

 private:
  template <class Function>
  auto Call(Function function) {
    if (!parts_ || owner_ != ::getpid()) {
      throw ErrorException({ErrorCode::kFailedPrecondition, "the training session has ended, or is another process's"},
                           ErrorFamily::kGeneral);
    }
    const auto call = [&] {
      const nb::gil_scoped_release released;
      return function(*parts_->session);
    };
    auto answer = call();
    if (!answer) parts_->ranks.Rethrow();
    return Take(std::move(answer));
  }

 public:
  int BeginEpoch() {
    return static_cast<int>(Call([](TrainingSession& session) { return session.BeginEpoch(); }));
  }
  void BeginTraining(int64_t batches) {
    Call([=](TrainingSession& session) { return session.BeginTraining(batches); });
  }
  void OnBatch() {
    // Most batches: no wait, and nothing worth releasing the GIL for.
    if (parts_ && !parts_->session->profiling()) return Take(parts_->session->OnBatch());
    Call([](TrainingSession& session) { return session.OnBatch(); });
  }
  void EndTraining() {
    Call([](TrainingSession& session) { return session.EndTraining(); });
  }
  void BeginEvaluation(int64_t batches) {
    Call([=](TrainingSession& session) { return session.BeginEvaluation(batches); });
  }
  void EndEvaluation() {
    Call([](TrainingSession& session) { return session.EndEvaluation(); });
  }
  void ReportMetric(double metric, bool higher_is_better) {
    const auto direction = higher_is_better ? MetricDirection::kHigherIsBetter : MetricDirection::kLowerIsBetter;
    Call([=](TrainingSession& session) { return session.ReportMetric(metric, direction); });
  }

  [[nodiscard]] bool profiling() const { return parts_ && parts_->session->profiling(); }
  [[nodiscard]] std::tuple<double, double, double, int64_t, bool> result() const {
    const RunResult result = parts_ ? parts_->session->result() : result_;
    return {result.energy.value(), result.time.value(), result.cost.value(), result.num_epochs, result.reached};
  }
  [[nodiscard]] std::optional<std::tuple<double, double, double, double, double>> CostThresholdExceeded() const {
    if (!parts_ || !parts_->session->cost_threshold_exceeded()) return std::nullopt;
    const auto& costs = *parts_->session->cost_threshold_exceeded();
    return std::tuple{costs.time.value(), costs.energy.value(), costs.cost.value(), costs.next_cost.value(),
                      costs.threshold.value()};
  }
  [[nodiscard]] std::optional<double> OptimalLimit() const {
    const std::optional<Watts> limit = parts_ ? parts_->session->optimal_limit() : std::nullopt;
    return limit ? std::optional(limit->value()) : std::nullopt;
  }
  [[nodiscard]] std::vector<std::string> Notes() const {
    return parts_ && parts_->borrowed.gpus ? parts_->borrowed.gpus->notes() : std::vector<std::string>{};
  }

 private:
  // What outlives what stands first.
  struct Parts {
    Parts(int rank, int size, AllReduceFunction all_reduce) : ranks(rank, size, std::move(all_reduce)) {}
    PythonRanks ranks;
    BorrowedGpus borrowed;
    std::unique_ptr<TrainingSession> session;
  };

  const pid_t owner_;
  RunResult result_;  // After Close.
  std::unique_ptr<Parts> parts_;
};

}  // namespace

void BindTraining(nb::module_& module) {
  module.def(
      "check_profile_window",
      [](const Environment& environment, int64_t batches) {
        const SessionOptions options = OptionsOf(environment);
        const ProfileWindow window = Take(ScaledToEpoch(options.profile_window, batches));
        return std::tuple{window.warmup, window.measure};
      },
      nb::arg("environment"), nb::arg("batches"),
      "Warm-up and measured batches of a power limit, in an epoch of so many batches.\n\n"
      "Raises:\n    ValueError: The environment cannot be followed, or the window has no room in the epoch.");

  nb::class_<Session>(module, "TrainingSession",
                      "Zeus inside a training loop, on one rank of it. Its events, in the order in which they happen, "
                      "are those of zeus/training/training_session.h.")
      .def(nb::init<const Environment&, int64_t, int64_t, std::vector<size_t>, int, int, AllReduceFunction>(),
           nb::arg("environment"), nb::arg("batch_size"), nb::arg("max_epochs"), nb::arg("gpus"), nb::arg("rank") = 0,
           nb::arg("size") = 1, nb::arg("all_reduce").none() = nb::none(),
           "On rank 0, borrows the GPUs at these positions of the visible ones. Batch size: of all ranks together.")
      .def("begin_epoch", &Session::BeginEpoch,
           "0: train an epoch; 1: the target is reached; 2: max_epochs are; 3: the cost threshold is.")
      .def("begin_training", &Session::BeginTraining, nb::arg("batches"))
      .def("on_batch", &Session::OnBatch)
      .def("end_training", &Session::EndTraining)
      .def("begin_evaluation", &Session::BeginEvaluation, nb::arg("batches"))
      .def("end_evaluation", &Session::EndEvaluation)
      .def("report_metric", &Session::ReportMetric, nb::arg("metric"), nb::arg("higher_is_better"))
      .def("close", &Session::Close, "Puts the power limits back. No event may follow.")
      .def_prop_ro("profiling", &Session::profiling, "Whether power limits are still to be profiled; on rank 0.")
      .def_prop_ro("result", &Session::result, "Energy (J), time (s), cost (J), epochs, reached; on rank 0.")
      .def_prop_ro("cost_threshold_exceeded", &Session::CostThresholdExceeded,
                   "After begin_epoch said 3: time (s), energy, cost, cost after another epoch, threshold (J).")
      .def_prop_ro("optimal_limit", &Session::OptimalLimit, "W, once it is known; on rank 0.")
      .def_prop_ro("notes", &Session::Notes, "What users should know, such as what an earlier run left behind.");
}

}  // namespace zeus::python
