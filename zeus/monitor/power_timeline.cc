#include "zeus/monitor/power_timeline.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace zeus {

PowerIntegrator::PowerIntegrator(Seconds from, Seconds to, Seconds longest_gap)
    : from_(from), to_(to), longest_gap_(longest_gap) {}

void PowerIntegrator::Hold(Seconds from, Seconds to, Watts power, PowerSummary& summary) {
  if (to <= from) return;
  summary.energy += power * (to - from);
  summary.held_over += to - from;
  summary.peak = std::max(summary.peak, power);
}

void PowerIntegrator::AddLine(Point a, Point b) {
  const Seconds begin = std::max(a.time, from_);
  const Seconds end = std::min(b.time, to_);
  if (end <= begin) return;
  if (b.time - a.time > longest_gap_) return Hold(begin, end, a.power, sum_);
  const auto power_at = [&](Seconds time) {
    if (time == b.time) return b.power;
    return a.power + (b.power - a.power) * ((time - a.time) / (b.time - a.time));
  };
  const Watts first = power_at(begin);
  const Watts last = power_at(end);
  sum_.energy += (first + last) * 0.5 * (end - begin);
  sum_.peak = std::max({sum_.peak, first, last});
}

void PowerIntegrator::AddRun(Seconds first, Seconds last, Watts power) {
  if (!(first <= last) || (last_ && first < last_->time)) return;
  if (last_) {
    AddLine(*last_, {first, power});
  } else {
    Hold(from_, std::min(first, to_), power, sum_);
  }
  // Within a run it was seen all the time: a gap in it would have ended it.
  const Seconds begin = std::max(first, from_);
  const Seconds end = std::min(last, to_);
  if (begin <= end) {
    sum_.energy += power * (end - begin);
    sum_.peak = std::max(sum_.peak, power);
    ++sum_.samples;
  }
  last_ = {last, power};
}

std::optional<PowerSummary> PowerIntegrator::Summary() const {
  if (!last_ || to_ < from_) return std::nullopt;
  PowerSummary summary = sum_;
  const Seconds to = std::isfinite(to_.value()) ? to_ : std::max(last_->time, from_);
  Hold(std::max(last_->time, from_), to, last_->power, summary);
  // Of an instant there is no stretch to hold.
  if (to == from_ && summary.samples == 0) summary.peak = last_->power;
  summary.duration = to - from_;
  return summary;
}

std::optional<PowerSummary> SummarizePower(std::span<const PowerRun> runs, Time from, Time to, Seconds longest_gap) {
  if (runs.empty() || to < from) return std::nullopt;
  const auto seconds = [&](Time time) { return Seconds(std::chrono::duration<double>(time - from).count()); };
  // The last run that begins at or before `from` and all up to the first that ends at or after `to` matter.
  auto begin = std::ranges::upper_bound(runs, from, {}, &PowerRun::first);
  if (begin != runs.begin()) --begin;
  PowerIntegrator integrator(Seconds(0), seconds(to), longest_gap);
  for (auto run = begin; run != runs.end(); ++run) {
    integrator.AddRun(seconds(run->first), seconds(run->last), run->value);
    if (run->last >= to) break;
  }
  return integrator.Summary();
}

std::optional<Watts> PowerAt(std::span<const PowerRun> runs, Time time) {
  const auto run = RunNear(runs, time);
  if (run == runs.end()) return std::nullopt;
  return run->value;
}

}  // namespace zeus
