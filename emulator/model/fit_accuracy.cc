#include "emulator/model/fit_accuracy.h"

#include <algorithm>
#include <cmath>

namespace zeus::emulator {
namespace {

constexpr size_t kFewestHeldOut = 4;

double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

FitAccuracy::Errors Summary(const std::vector<double>& errors) {
  return {.median = Percentile(errors, 0.5), .percentile90 = Percentile(errors, 0.9)};
}

// Every other run, from the given one on.
RecordedWork EveryOther(const RecordedWork& all, size_t from) {
  RecordedWork half;
  for (size_t i = from; i < all.size(); i += 2) half.push_back(all[i]);
  return half;
}

// How far costs of the same run may differ by rounding.
constexpr double kSame = 1e-9;

// Adds one configuration to the sums.
void Add(const RecordedWork& recorded, const std::vector<ObservedRun>& predicted, const FitSetup& setup,
         FitAccuracy::Cheapest* sums) {
  const ObservedRun& cheapest = recorded[CheapestRun(recorded, setup.weights)];
  const size_t named = CheapestRun(predicted, setup.weights);
  const Watts distance = recorded[named].limit - cheapest.limit;
  const Joules least = Cost(predicted[named], setup.weights);
  const bool near = std::ranges::any_of(predicted, [&](const ObservedRun& run) {
    return Cost(run, setup.weights) / least - 1 <= kSame &&
           std::abs((run.limit - cheapest.limit).value()) <= setup.step.value();
  });
  sums->one_step_or_same += near ? 1 : 0;
  sums->configurations += 1;
  sums->exact += distance == Watts(0) ? 1 : 0;
  sums->one_step += std::abs(distance.value()) <= setup.step.value() ? 1 : 0;
  sums->mean_regret += Cost(recorded[named], setup.weights) / Cost(cheapest, setup.weights) - 1;
}

void Divide(FitAccuracy::Cheapest* sums) {
  if (sums->configurations == 0) return;
  for (double* const sum : {&sums->exact, &sums->one_step, &sums->one_step_or_same, &sums->mean_regret}) {
    *sum /= static_cast<double>(sums->configurations);
  }
}

bool MeetsALimit(const RecordedWork& recorded) {
  return std::ranges::max(recorded, {}, &ObservedRun::power).power > recorded.front().limit;
}

}  // namespace

Result<FitAccuracy> MeasureFit(const GpuModel& gpu, const std::vector<RecordedWork>& configurations,
                               const FitSetup& setup) {
  FitAccuracy accuracy;
  std::vector<double> time_errors;
  std::vector<double> power_errors;
  for (const RecordedWork& all : configurations) {
    const bool hold_out = setup.rows == Rows::kHeldOut;
    if (hold_out && all.size() < kFewestHeldOut) continue;
    const RecordedWork fitted = hold_out ? EveryOther(all, 0) : all;
    const RecordedWork checked = hold_out ? EveryOther(all, 1) : all;
    ZEUS_ASSIGN_OR_RETURN(const Work work, FitWork(gpu, fitted, setup.weights, setup.fit_to));
    const std::vector<ObservedRun> predicted = Predict(gpu, work, checked);
    for (size_t i = 0; i < checked.size(); ++i) {
      time_errors.push_back(std::abs(predicted[i].time / checked[i].time - 1));
      power_errors.push_back(std::abs(predicted[i].power / checked[i].power - 1));
    }
    const std::vector<ObservedRun> predicted_all = Predict(gpu, work, all);
    Add(all, predicted_all, setup, &accuracy.all);
    if (MeetsALimit(all)) Add(all, predicted_all, setup, &accuracy.limited);
  }
  accuracy.rows = time_errors.size();
  accuracy.time = Summary(time_errors);
  accuracy.power = Summary(power_errors);
  Divide(&accuracy.all);
  Divide(&accuracy.limited);
  return accuracy;
}

}  // namespace zeus::emulator
