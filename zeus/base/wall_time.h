#pragma once

#include <chrono>
#include <cstdint>

namespace zeus {

/// A moment of Coordinated Universal Time.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Since 1970, by the machine's clock.
inline int64_t NowMilliseconds() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace zeus
