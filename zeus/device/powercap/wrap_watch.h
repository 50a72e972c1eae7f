#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/device/cpu.h"

namespace zeus {

/// Reads processor counters now and then on a thread of its own, so that none turns unseen between the readings of
/// others: a counter of 262 kJ turns in 4 minutes at 1000 W. Its destructor waits for a reading under way, and no
/// longer.
class WrapWatch {
 public:
  /// Called on the watch's thread, once for each time that a cpu cannot be read.
  using ErrorHandler = std::function<void(const Cpu&, const Error&)>;

  /// `pause` from one reading to the next is that of CpuList or shorter. The cpus must outlive the watch.
  WrapWatch(std::vector<Cpu*> cpus, Seconds pause, ErrorHandler on_error = {});

 private:
  std::jthread thread_;
};

}  // namespace zeus
