#include "zeus/device/energy_counter.h"

namespace zeus {

EnergyCounter::Reading EnergyCounter::Advance(uint64_t raw) {
  CounterStep step = CounterStep::kAdvanced;
  if (!seen_) {
    step = CounterStep::kFirst;
    total_ = raw;
  } else if (raw >= last_raw_) {
    total_ += raw - last_raw_;
  } else if (range_ && last_raw_ < *range_) {
    step = CounterStep::kWrapped;
    total_ += *range_ - last_raw_ + raw;
  } else {
    step = CounterStep::kReset;
    total_ += raw;
  }
  seen_ = true;
  last_raw_ = raw;
  return {total_, step};
}

}  // namespace zeus
