#pragma once

#include <optional>
#include <string>
#include <vector>

#include "zeus/launcher/run_history.h"
#include "zeus/recurrence/executor.h"

namespace zeus {

/// The tries of a run's record, one after the other, as answers to whoever asks for them again.
class RecordedTries {
 public:
  /// `source` names the record in errors.
  RecordedTries(std::vector<RunEntry> recorded, std::string source)
      : recorded_(std::move(recorded)), source_(std::move(source)) {}

  struct Try {
    const RunEntry* entry = nullptr;
    std::optional<Watts> chosen;  ///< Out of the profile, if this try made one.
  };

  /// The next try. kInvalidData when the record does not hold the one that is asked for, naming the entry and what was
  /// to be tried instead. Precondition: not caught up.
  Result<Try> Next(const TryRequest& request, const ChoosePowerLimit& choose);

  /// Whether everything recorded was asked for.
  [[nodiscard]] bool caught_up() const { return next_ == recorded_.size(); }

 private:
  std::vector<RunEntry> recorded_;
  std::string source_;
  size_t next_ = 0;
};

}  // namespace zeus
