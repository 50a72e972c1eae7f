#pragma once

#include <optional>
#include <string_view>

#include "emulator/machine/machine.h"

namespace zeus::emulator {

/// What the configuration makes this call return instead of its answer, if anything; counts the call.
std::optional<int> FindFault(const Machine& machine, std::string_view function, std::optional<size_t> gpu,
                             Nanoseconds now);

/// The energy counter as its faults let it appear; `millijoules` is what it would show.
uint64_t FaultyCounter(const Machine& machine, size_t gpu, uint64_t millijoules, Nanoseconds now);

}  // namespace zeus::emulator
