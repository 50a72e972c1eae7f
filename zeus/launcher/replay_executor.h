#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/launcher/process_executor.h"
#include "zeus/launcher/recorded_tries.h"
#include "zeus/launcher/run_history.h"
#include "zeus/recurrence/executor.h"

namespace zeus {

/// Lives through recorded tries again, without running anything, and then goes on with real ones. Fresh policies and a
/// fresh loop on top of it come to be what they were when the record ended.
class ReplayExecutor final : public Executor {
 public:
  /// What happens around a try that is really made.
  struct Hooks {
    std::function<void(const TryRequest&)> before;        ///< May be empty.
    std::function<Result<void>(const RunEntry&)> record;  ///< Its error ends the run.
  };

  /// `live` outlives this. `source` names the record in errors.
  ReplayExecutor(ProcessExecutor& live, std::vector<RunEntry> recorded, std::string source, Hooks hooks)
      : live_(live), recorded_(std::move(recorded), std::move(source)), hooks_(std::move(hooks)) {}

  /// While the record lasts: kInvalidData when it does not hold the try that is asked for, naming the entry and what
  /// was to be tried instead.
  Result<Outcome> Execute(const TryRequest& request, const ChoosePowerLimit& choose) override;

  /// Whether everything recorded was asked for.
  [[nodiscard]] bool caught_up() const { return recorded_.caught_up(); }

 private:
  ProcessExecutor& live_;
  RecordedTries recorded_;
  Hooks hooks_;
};

}  // namespace zeus
