#include "zeus/monitor/node_clock.h"

#include <algorithm>
#include <array>

namespace zeus {

Result<std::chrono::nanoseconds> MeasureClockOffset(const std::function<Result<WallTime>()>& ask,
                                                    const std::function<WallTime()>& now) {
  std::array<std::chrono::nanoseconds, 5> offsets{};
  for (std::chrono::nanoseconds& offset : offsets) {
    const WallTime asked = now();
    ZEUS_ASSIGN_OR_RETURN(const WallTime theirs, ask());
    const WallTime answered = now();
    offset = asked + (answered - asked) / 2 - theirs;
  }
  const auto middle = offsets.begin() + offsets.size() / 2;
  std::ranges::nth_element(offsets, middle);
  return *middle;
}

}  // namespace zeus
