#pragma once

#include <cstdio>
#include <limits>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "zeus/simulator/single_job.h"

namespace zeus::testing {

/// Options with a name for the tests that are run with each of them.
struct NamedOptions {
  std::string name;
  SimulationOptions options;
};

inline void PrintTo(const NamedOptions& named, std::ostream* out) {
  *out << named.name;
}

/// Every built-in policy, and the defaults with each other option changed.
inline std::vector<NamedOptions> OptionsToTry() {
  std::vector<NamedOptions> all = {{"Defaults", {}}};
  for (const auto& [name, policy] : std::vector<std::pair<std::string, std::string>>{
           {"Thompson", "thompson"}, {"Default", "default"}, {"Grid", "grid"}, {"Oracle", "oracle"}}) {
    SimulationOptions options;
    options.policies.batch_size = policy;
    all.push_back({name, options});
  }
  SimulationOptions options;
  options.window = 3;
  all.push_back({"Window", options});
  options = {};
  options.concurrency = Concurrency::kOn;
  all.push_back({"Concurrency", options});
  options = {};
  options.policies.power_limit = "max";
  all.push_back({"MaximumPower", options});
  options = {};
  options.beta = std::numeric_limits<double>::infinity();
  options.eta = 1;
  options.seed = 18446744073709551615u;
  all.push_back({"InfiniteBeta", options});
  return all;
}

/// "batch size@limit energy time +" and so on, one try after the other, exact to the last bit.
inline std::string HistoryText(const History& history) {
  std::string text;
  for (const HistoryEntry& entry : history) {
    char line[160];
    std::snprintf(line, sizeof(line), "%d.%d %d@%a %a J %a s %d\n", static_cast<int>(entry.recurrence), entry.attempt,
                  static_cast<int>(entry.batch_size), entry.power_limit.value(), entry.energy.value(),
                  entry.time.value(), static_cast<int>(entry.reached));
    text.append(line);
  }
  return text;
}

}  // namespace zeus::testing
