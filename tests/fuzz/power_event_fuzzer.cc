// An event of a node daemon's stream, of a GPU and of a processor.
#include <cmath>

#include "tests/fuzz/require.h"
#include "zeus/monitor/power_event.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using zeus::fuzz::Require;
  for (const auto kind : {zeus::StreamedKind::kGpu, zeus::StreamedKind::kCpu}) {
    const auto event = zeus::ParsePowerEvent(kind, zeus::fuzz::ToText(data, size));
    if (!event) {
      Require(event.error().code == zeus::ErrorCode::kInvalidData, "a bad event is bad data", event.error().message);
      continue;
    }
    Require(event->time >= zeus::WallTime(), "a time of now");
    Require(event->power.value() >= 0 && std::isfinite(event->power.value()), "a power");
    Require(!event->dram || event->dram->value() >= 0, "a power of the memory");
  }
  return 0;
}
