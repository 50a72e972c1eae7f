#pragma once

#include <optional>

#include "zeus/base/units.h"

namespace zeus {

/// While it lives, SIGINT, SIGTERM and SIGHUP are noted instead of ending the process, so that a wait can be given up
/// and what was found so far be told. Those that are ignored stay ignored. One at a time in a process; signal
/// dispositions are put back at its end.
class NotedSignals {
 public:
  NotedSignals();
  NotedSignals(const NotedSignals&) = delete;
  NotedSignals& operator=(const NotedSignals&) = delete;
  ~NotedSignals();

  /// The first that came.
  [[nodiscard]] std::optional<int> first() const;
  /// Sleeps for so long, or until one comes; not at all when one has come. Returns first().
  std::optional<int> Sleep(Seconds time) const;
  /// Readable once one has come; for poll(2).
  [[nodiscard]] int descriptor() const;
};

}  // namespace zeus
