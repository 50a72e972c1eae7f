#pragma once

#include <string>
#include <vector>

/// What a token may allow at a batch-size server.
namespace zeus {

inline constexpr const char* kReadScope = "jobs-read";      ///< Lists, details, figures.
inline constexpr const char* kTrainScope = "jobs-train";    ///< Register, ask for a batch size, report, give up.
inline constexpr const char* kDeleteScope = "jobs-delete";  ///< Delete a job.

inline std::vector<std::string> BatchSizeScopes() {
  return {kReadScope, kTrainScope, kDeleteScope};
}

}  // namespace zeus
