#pragma once

#include <cstdint>

#include "apps/zeus/console.h"
#include "zeus/launcher/run_history.h"
#include "zeus/recurrence/executor.h"

namespace zeus {

/// Tells on standard error, if that is a terminal, which try is being made. Above the training's own output, a line a
/// try; without that, one line that changes and is gone at the end.
class RunProgress {
 public:
  enum class Beside { kOutput, kNothing };

  RunProgress(const Console& console, int64_t recurrences, Beside beside);
  RunProgress(const RunProgress&) = delete;
  RunProgress& operator=(const RunProgress&) = delete;
  ~RunProgress();

  void Begin(const TryRequest& request);
  void End(const RunEntry& entry);

 private:
  const Console console_;
  const int64_t recurrences_;
  const Beside beside_;
  Joules energy_;
  bool drawn_ = false;
};

}  // namespace zeus
