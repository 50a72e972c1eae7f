#pragma once

#include <atomic>
#include <chrono>

#include "zeus/base/clock.h"
#include "zeus/base/units.h"

namespace zeus {

/// Stands still until it is told otherwise. Any thread may look or move it.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] Time Now() const override { return now_; }
  void Advance(Seconds time) {
    now_ = now_.load() + std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(time.value()));
  }

 private:
  std::atomic<Time> now_{Time()};
};

}  // namespace zeus
