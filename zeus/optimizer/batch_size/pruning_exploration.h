#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/base/units.h"

namespace zeus {

/// Finds out which batch sizes reach the target, and roughly what they cost, with few runs.
///
/// Each round walks from the default down to the smallest batch size, then from the one above the default up to the
/// largest; in a direction, the first that does not reach the target ends it. Those that reached make up the next
/// round's list, and the cheapest of them its default. Source: Zeus (NSDI'23), section 4.4, "Batch size exploration
/// with pruning".
class PruningExploration {
 public:
  /// Two rounds give each survivor two observations, the least with a variance.
  static constexpr int kDefaultRounds = 2;

  /// All of an exploration, for saving and loading.
  struct State {
    std::vector<int64_t> batch_sizes;  ///< This round's, ascending; after the last round, the survivors.
    int64_t default_batch_size = 0;    ///< This round's.
    int rounds_left = 0;
    bool going_up = false;
    int64_t next = 0;  ///< What the walk is at; meaningless when no rounds are left.
    std::vector<int64_t> good;
    std::optional<int64_t> cheapest;
    Joules cheapest_cost;
  };

  /// kInvalidArgument unless the batch sizes are ascending and hold the default, and rounds is at least 1.
  static Result<PruningExploration> Create(std::vector<int64_t> batch_sizes, int64_t default_batch_size,
                                           int rounds = kDefaultRounds);
  /// kInvalidData when the state is not one that an exploration can be in.
  static Result<PruningExploration> FromState(State state);

  [[nodiscard]] const State& state() const { return state_; }

  [[nodiscard]] bool done() const { return state_.rounds_left == 0; }

  /// The batch size whose result the exploration waits for; nullopt when it is done.
  [[nodiscard]] std::optional<int64_t> Next() const;

  /// The result of the batch size that Next() named; any other is kFailedPrecondition.
  Result<void> Report(int64_t batch_size, Joules cost, bool reached);

  /// Once done: the batch sizes that reached the target in every round, ascending. May be empty.
  [[nodiscard]] const std::vector<int64_t>& survivors() const { return state_.batch_sizes; }

 private:
  explicit PruningExploration(State state) : state_(std::move(state)) {}

  void Advance(bool reached);
  void EndRound();

  State state_;
};

}  // namespace zeus
