#include "zeus/monitor/told_power.h"

#include <algorithm>
#include <chrono>

namespace zeus {
namespace {

Seconds Between(WallTime from, WallTime to) {
  return Seconds(std::chrono::duration<double>(to - from).count());
}

}  // namespace

void ToldPower::Begin(WallTime time) {
  begin_ = time;
}

void ToldPower::Add(WallTime time, Watts power) {
  time = std::max(time, begin_);
  if (last_) {
    time = std::max(time, last_->time);
    if (lost_) {
      energy_ += (last_->power + power) / 2 * Between(last_->time, time);
      estimated_ = true;
    } else {
      energy_ += Held(time);
    }
  }
  last_ = {.time = time, .power = power};
  lost_ = false;
}

void ToldPower::Lose(WallTime time) {
  if (!lost_ && last_) {
    energy_ += Held(time);
    last_->time = std::max(last_->time, time);
  }
  lost_ = true;
}

Joules ToldPower::EnergyUntil(WallTime time) const {
  return last_ && !lost_ ? energy_ + Held(time) : energy_;
}

Joules ToldPower::Held(WallTime until) const {
  return last_->power * Between(last_->time, std::max(last_->time, until));
}

}  // namespace zeus
