#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/zeus/monitor_gpus.h"
#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus {

enum class MonitorKind { kPower, kEnergy, kTemperature };

/// What one device shows in one round; absent is what its kind does not tell.
struct MonitorReading {
  std::optional<Error> failure;  ///< Then there is nothing else, but for the energy of a node's device until then.
  std::optional<Watts> power;    ///< Now; of kEnergy, the mean since the round before, absent in the first.
  std::optional<Joules> energy;  ///< Since the first round: of kPower, under the samples shown.
  std::optional<Celsius> temperature;
  std::string_view domain;  ///< Of kPower: the sensor's.
  std::string_view source;  ///< How the energy came about.
};

/// A round: one reading for each device.
using MonitorReader = std::function<std::vector<MonitorReading>()>;

struct MonitorReaderOptions {
  MonitorKind kind = MonitorKind::kPower;
  std::string domain;  ///< Of kPower; empty: the best that each GPU has.
};

/// GPUs must outlive the reader. kInvalidArgument for a domain that is none, or that a GPU has not.
Result<MonitorReader> MakeMonitorReader(const std::vector<ChosenGpu>& gpus, const MonitorReaderOptions& options);

}  // namespace zeus
