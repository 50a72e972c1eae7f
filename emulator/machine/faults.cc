#include "emulator/machine/faults.h"

#include <algorithm>

namespace zeus::emulator {
namespace {

bool Concerns(const Fault& fault, std::optional<size_t> gpu) {
  return !fault.gpu || (gpu && static_cast<size_t>(*fault.gpu) == *gpu);
}

bool IsInTime(const Fault& fault, double seconds) {
  return seconds >= fault.after_seconds && (!fault.for_seconds || seconds < fault.after_seconds + *fault.for_seconds);
}

double Age(const Machine& machine, Nanoseconds now) {
  return static_cast<double>(now - machine.created()) * 1e-9;
}

}  // namespace

std::optional<int> FindFault(const Machine& machine, std::string_view function, std::optional<size_t> gpu,
                             Nanoseconds now) {
  const std::vector<Fault>& faults = machine.configuration().faults;
  for (size_t i = 0; i < faults.size(); ++i) {
    const Fault& fault = faults[i];
    if (fault.kind != Fault::Kind::kError || !Concerns(fault, gpu)) continue;
    // Without a function, all that take a GPU fail.
    if (fault.function.empty() ? !gpu.has_value() : fault.function != function) continue;
    if (!IsInTime(fault, Age(machine, now))) continue;
    const uint64_t call = machine.fault(i).calls.fetch_add(1, std::memory_order_relaxed);
    if (call >= fault.after_calls && (!fault.calls || call < fault.after_calls + *fault.calls)) return fault.error;
  }
  return std::nullopt;
}

uint64_t FaultyCounter(const Machine& machine, size_t gpu, uint64_t millijoules, Nanoseconds now) {
  const std::vector<Fault>& faults = machine.configuration().faults;
  for (size_t i = 0; i < faults.size(); ++i) {
    const Fault& fault = faults[i];
    if (fault.kind == Fault::Kind::kError || !Concerns(fault, gpu) || !IsInTime(fault, Age(machine, now))) continue;
    if (fault.kind == Fault::Kind::kCounterWraps) {
      millijoules %= fault.counter_value;
    } else {
      // Whoever reads first after the reset notes what the counter showed. One GPU per such fault.
      uint64_t at_reset = UINT64_MAX;
      if (machine.fault(i).value_at_reset.compare_exchange_strong(at_reset, millijoules)) at_reset = millijoules;
      millijoules -= std::min(at_reset, millijoules);
    }
  }
  return millijoules;
}

}  // namespace zeus::emulator
