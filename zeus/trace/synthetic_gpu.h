#pragma once

#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus {

/// A made-up GPU. Its clock runs from near 0 to 1, where 1 is the highest.
///
/// Power: idle_power while nothing runs on it; memory_power while it waits for memory; while it computes,
/// idle_power + (full_power - idle_power) * clock^power_exponent. Dynamic power goes with voltage squared times
/// frequency, and voltage falls with frequency, hence an exponent of up to 3 (Weste and Harris, "CMOS VLSI Design",
/// chapter 5). Time: only computing slows down with the clock; waiting for memory and for the host does not (the
/// roofline of Williams, Waterman and Patterson, 2009). Together they make energy smallest at some limit in between:
/// below it idle_power is paid for too long, above it the last bit of speed is dear.
struct SyntheticGpu {
  std::string name = "synthetic-small";
  Watts idle_power{80};       ///< Whatever the clock is: leakage, memory refresh, fans.
  Watts memory_power{140};    ///< While waiting for memory; the power limit does not slow memory down.
  Watts full_power{330};      ///< While computing at the highest clock; may be above max_limit.
  double power_exponent = 3;  ///< Of dynamic power over the clock; above 1.
  Watts min_limit{100};       ///< The lowest settable power limit; at least 1 W above idle_power.
  Watts max_limit{250};       ///< The highest one.
  Watts limit_step{25};       ///< From one to the next.
  double speed = 1;           ///< Divides the times that a workload needs for memory and computing.
};

/// kInvalidArgument naming the first field that cannot be.
Result<void> Validate(const SyntheticGpu& gpu);

/// min_limit, then in steps of limit_step, and max_limit at the end whether or not a step meets it.
std::vector<Watts> PowerLimits(const SyntheticGpu& gpu);

/// What some work takes on a GPU of speed 1 at the highest clock, by what it waits for.
struct SyntheticWork {
  Seconds overhead;  ///< The host; not divided by speed.
  Seconds memory;
  Seconds compute;
};

/// How a GPU does some work.
struct OperatingPoint {
  double clock = 1;
  Seconds time;
  Watts average_power;
};

OperatingPoint RunAtClock(const SyntheticGpu& gpu, const SyntheticWork& work, double clock);

/// At the highest clock whose average power is within the limit, as a driver that enforces a limit over many short
/// iterations does. Precondition: the limit is above idle_power.
OperatingPoint RunUnderLimit(const SyntheticGpu& gpu, const SyntheticWork& work, Watts limit);

}  // namespace zeus
