#include "emulator/model/fit_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace zeus::emulator {
namespace {

// Relative errors above this count linearly.
constexpr double kLargeError = 0.03;
// Of the log of what the recorded cheapest limit costs above a cheaper one in the model. Small: it decides between fits
// that tell the rows about equally well, and moves the median errors of time and power by about a tenth of a percent.
constexpr double kCheapestWeight = 0.2;

// Work of unknown length: what a descent moves through, each parameter within 0 and 1.
struct Shape {
  double activity = 0;  // Logarithmic, from kLowestActivity to 1.
  double memory = 0;    // Share of the time that the GPU is busy, at the highest clock.
  double host = 0;      // Share of all time at the highest clock; quadratic, finer at both ends.
};
constexpr std::array kParameters = {&Shape::activity, &Shape::memory, &Shape::host};
constexpr double kLowestActivity = 0.04;

struct Candidate {
  Shape shape;
  double loss = std::numeric_limits<double>::infinity();
};

// As work that takes one second at the highest clock.
Work ToWork(const GpuModel& gpu, const Shape& shape) {
  const double host = shape.host < 0.5 ? 2 * shape.host * shape.host : 1 - 2 * (1 - shape.host) * (1 - shape.host);
  const double activity = std::pow(kLowestActivity, 1 - shape.activity);
  return {.compute = Seconds((1 - host) * (1 - shape.memory)),
          .memory = Seconds((1 - host) * shape.memory),
          .host = Seconds(host),
          .computing = {.compute = activity, .memory = 0},
          .moving = {.compute = activity * gpu.power.stalled_compute, .memory = 1}};
}

Work Stretch(Work work, double factor) {
  work.compute = work.compute * factor;
  work.memory = work.memory * factor;
  work.host = work.host * factor;
  return work;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

double Robust(double error) {
  const double size = std::abs(error);
  return size < kLargeError ? size * size : 2 * kLargeError * size - kLargeError * kLargeError;
}

class Fit {
 public:
  Fit(const GpuModel& gpu, std::span<const ObservedRun> runs, CostWeights weights, FitTo fit_to)
      : gpu_(gpu), runs_(runs), weights_(weights), fit_to_(fit_to), cheapest_(CheapestRun(runs, weights)) {}

  // How much longer than this work the observed runs are.
  [[nodiscard]] double Length(const std::vector<ObservedRun>& predicted) const {
    std::vector<double> ratios;
    ratios.reserve(runs_.size());
    for (size_t i = 0; i < runs_.size(); ++i) ratios.push_back(runs_[i].time / predicted[i].time);
    return Median(std::move(ratios));
  }

  [[nodiscard]] double Loss(const Shape& shape) const {
    const std::vector<ObservedRun> predicted = Predict(gpu_, ToWork(gpu_, shape), runs_);
    const double length = Length(predicted);
    double loss = 0;
    for (size_t i = 0; i < runs_.size(); ++i) {
      loss += Robust(std::log(length * predicted[i].time / runs_[i].time));
      loss += Robust(std::log(predicted[i].power / runs_[i].power));
    }
    if (fit_to_ == FitTo::kRows) return loss;
    const Joules best = Cost(predicted[cheapest_], weights_);
    for (const ObservedRun& run : predicted) {
      loss += kCheapestWeight * std::max(0.0, std::log(best / Cost(run, weights_)));
    }
    return loss;
  }

  [[nodiscard]] Candidate Try(const Shape& shape) const { return {shape, Loss(shape)}; }

  // The best grid points, best first.
  [[nodiscard]] std::vector<Candidate> Grid() const {
    constexpr int kActivities = 14;
    constexpr int kMemories = 9;
    constexpr int kHosts = 11;
    constexpr size_t kKept = 4;
    std::vector<Candidate> all;
    all.reserve(size_t{kActivities} * kMemories * kHosts);
    for (int a = 0; a < kActivities; ++a) {
      for (int m = 0; m < kMemories; ++m) {
        for (int h = 0; h < kHosts; ++h) {
          all.push_back(Try({.activity = a / (kActivities - 1.0),
                             .memory = 0.96 * m / (kMemories - 1.0),
                             .host = h / (kHosts - 1.0)}));
        }
      }
    }
    std::ranges::partial_sort(all, all.begin() + kKept, {}, &Candidate::loss);
    all.resize(kKept);
    return all;
  }

  // Moves along one parameter at a time while that helps, in ever smaller steps.
  [[nodiscard]] Candidate Descend(Candidate best) const {
    for (double step = 0.06; step > 0.001; step /= 2) {
      bool moved = true;
      for (int round = 0; moved && round < 20; ++round) {
        moved = false;
        for (double Shape::* const parameter : kParameters) {
          for (const double way : {-step, step}) {
            Shape next = best.shape;
            next.*parameter = std::clamp(next.*parameter + way, 0.0, 1.0);
            const Candidate candidate = Try(next);
            if (candidate.loss >= best.loss) continue;
            best = candidate;
            moved = true;
          }
        }
      }
    }
    return best;
  }

  [[nodiscard]] Work Best() const {
    Candidate best;
    for (const Candidate& start : Grid()) {
      const Candidate found = Descend(start);
      if (found.loss < best.loss) best = found;
    }
    const Work work = ToWork(gpu_, best.shape);
    return Stretch(work, Length(Predict(gpu_, work, runs_)));
  }

 private:
  const GpuModel& gpu_;
  std::span<const ObservedRun> runs_;
  CostWeights weights_;
  FitTo fit_to_;
  size_t cheapest_;
};

}  // namespace

Joules Cost(const ObservedRun& run, CostWeights weights) {
  return (weights.eta * run.power + (1 - weights.eta) * weights.max_power) * run.time;
}

size_t CheapestRun(std::span<const ObservedRun> runs, CostWeights weights) {
  const auto cheapest = std::ranges::min_element(runs, {}, [&](const ObservedRun& run) { return Cost(run, weights); });
  return static_cast<size_t>(cheapest - runs.begin());
}

Result<Work> FitWork(const GpuModel& gpu, std::span<const ObservedRun> runs, CostWeights weights, FitTo fit_to) {
  if (runs.empty()) return Fail(ErrorCode::kInvalidArgument, "no runs to fit work to");
  for (const ObservedRun& run : runs) {
    const std::array values = {run.limit.value(), run.time.value(), run.power.value()};
    if (std::ranges::all_of(values, [](double value) { return value > 0 && std::isfinite(value); })) continue;
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("a run at {} W took {} s at {} W: expected finite numbers above 0", values[0], values[1],
                            values[2]));
  }
  return Fit(gpu, runs, weights, fit_to).Best();
}

std::vector<ObservedRun> Predict(const GpuModel& gpu, const Work& work, std::span<const ObservedRun> at_limits_of) {
  std::vector<ObservedRun> predicted;
  predicted.reserve(at_limits_of.size());
  for (const ObservedRun& run : at_limits_of) {
    const WorkRun ran = Run(gpu, work, run.limit, gpu.Clocks());
    predicted.push_back({.limit = run.limit, .time = ran.duration(), .power = ran.average_power()});
  }
  return predicted;
}

}  // namespace zeus::emulator
