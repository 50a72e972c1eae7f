#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/job/job.h"
#include "zeus/job/knobs.h"
#include "zeus/optimizer/job_id.h"

namespace zeus {

/// What a policy keeps for each registered job. Registering a job again finds what was learned.
template <class State>
class JobTable {
 public:
  struct Entry {
    JobIdentity identity;
    KnobSpace space;
    State state;
  };

  /// The id of a job registered before with the same knobs, or of a new entry with the state that `make` returns.
  /// kInvalidArgument when b0 is not among the batch sizes, or the job was registered with other knobs.
  template <class Make>
  Result<JobId> Register(const JobIdentity& identity, const KnobSpace& space, Make make) {
    const auto found = std::ranges::find(entries_, identity, &Entry::identity);
    if (found == entries_.end()) {
      ZEUS_RETURN_IF_ERROR(CheckDefaultIsFeasible(identity, space));
      ZEUS_ASSIGN_OR_RETURN(State state, make());
      entries_.push_back({identity, space, std::move(state)});
      return static_cast<JobId>(entries_.size() - 1);
    }
    if (found->space != space) {
      return Fail(
          ErrorCode::kInvalidArgument,
          "the job was registered before with other batch sizes or power limits; what was learned does not carry over");
    }
    return static_cast<JobId>(found - entries_.begin());
  }

  [[nodiscard]] Result<Entry*> Find(JobId job) {
    const auto index = static_cast<size_t>(job);
    if (index >= entries_.size()) [[unlikely]]
      return FailUnknownJob();
    return &entries_[index];
  }

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  void Add(Entry entry) { entries_.push_back(std::move(entry)); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace zeus
