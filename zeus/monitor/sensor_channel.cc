#include "zeus/monitor/sensor_channel.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace zeus {
namespace {

Seconds Between(Time from, Time to) {
  return Seconds(std::chrono::duration<double>(to - from).count());
}

}  // namespace

template <class Value>
SensorChannel<Value>::SensorChannel(Read read, size_t max_runs, Seconds longest_gap)
    : read_(std::move(read)), max_runs_(std::max<size_t>(max_runs, 1)), longest_gap_(longest_gap) {}

template <class Value>
Result<typename SensorChannel<Value>::Total> SensorChannel<Value>::Sample() {
  Result<Reading> reading = read_();
  const std::scoped_lock lock(mutex_);
  if (!reading) {
    ++failures_;
    error_ = reading.error();
    return std::unexpected(std::move(reading).error());
  }
  error_.reset();
  ++samples_;
  // Two threads may read one after the other and come here the other way round: the later one stands for both.
  if (runs_.empty() || reading->time >= runs_.back().last) Append(*reading);
  return total_;
}

template <class Value>
void SensorChannel<Value>::SampleOnce() {
  [[maybe_unused]] const Result<Total> total = Sample();
}

template <class Value>
void SensorChannel<Value>::Append(const Reading& reading) {
  bool gap = false;
  if (!runs_.empty()) {
    const TimelineRun<Value>& last = runs_.back();
    const Seconds passed = Between(last.last, reading.time);
    gap = passed > longest_gap_;
    const Value mean = gap ? last.value : (last.value + reading.value) * 0.5;
    total_.value_seconds += mean.value() * passed.value();
    if (gap) total_.held_over += passed;
  }
  total_.time = reading.time;
  if (!gap && !runs_.empty() && runs_.back().value == reading.value) {
    runs_.back().last = reading.time;
    return;
  }
  if (runs_.size() == max_runs_) {
    runs_.pop_front();
    ++dropped_;
  }
  runs_.push_back({reading.time, reading.time, reading.value});
}

template <class Value>
std::vector<TimelineRun<Value>> SensorChannel<Value>::Runs(Time from, Time to) const {
  const std::scoped_lock lock(mutex_);
  auto begin = std::ranges::lower_bound(runs_, from, {}, &TimelineRun<Value>::last);
  auto end = std::ranges::upper_bound(begin, runs_.end(), to, {}, &TimelineRun<Value>::first);
  if (begin != runs_.begin()) --begin;
  if (end != runs_.end()) ++end;
  return {begin, end};
}

template <class Value>
std::optional<typename SensorChannel<Value>::Reading> SensorChannel<Value>::Latest() const {
  const std::scoped_lock lock(mutex_);
  if (runs_.empty()) return std::nullopt;
  return Reading{runs_.back().value, runs_.back().last};
}

template <class Value>
std::optional<typename SensorChannel<Value>::Reading> SensorChannel<Value>::Near(Time time) const {
  const std::scoped_lock lock(mutex_);
  const auto run = RunNear(runs_, time);
  if (run == runs_.end()) return std::nullopt;
  return Reading{run->value, std::clamp(time, run->first, run->last)};
}

template <class Value>
std::optional<Error> SensorChannel<Value>::error() const {
  const std::scoped_lock lock(mutex_);
  return error_;
}

template <class Value>
uint64_t SensorChannel<Value>::samples() const {
  const std::scoped_lock lock(mutex_);
  return samples_;
}

template <class Value>
uint64_t SensorChannel<Value>::failures() const {
  const std::scoped_lock lock(mutex_);
  return failures_;
}

template <class Value>
uint64_t SensorChannel<Value>::dropped_runs() const {
  const std::scoped_lock lock(mutex_);
  return dropped_;
}

template class SensorChannel<Watts>;
template class SensorChannel<Celsius>;

}  // namespace zeus
