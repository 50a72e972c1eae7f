#include "zeus/optimizer/batch_size/pruning_exploration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace zeus {

Result<PruningExploration> PruningExploration::Create(std::vector<int64_t> batch_sizes, int64_t default_batch_size,
                                                      int rounds) {
  if (rounds < 1) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{} exploration rounds: expected 1 or more", rounds));
  }
  if (!std::ranges::is_sorted(batch_sizes, std::ranges::less_equal{}) ||
      !std::ranges::binary_search(batch_sizes, default_batch_size)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("expected ascending batch sizes with the default, {}, among them; found {}",
                            default_batch_size, fmt::join(batch_sizes, ", ")));
  }
  State state;
  state.batch_sizes = std::move(batch_sizes);
  state.default_batch_size = default_batch_size;
  state.rounds_left = rounds;
  state.next = default_batch_size;
  return PruningExploration(std::move(state));
}

Result<PruningExploration> PruningExploration::FromState(State state) {
  const auto among = [&](int64_t batch_size) { return std::ranges::binary_search(state.batch_sizes, batch_size); };
  std::vector<int64_t> good = state.good;
  std::ranges::sort(good);
  bool possible = state.rounds_left >= 0 && std::ranges::is_sorted(state.batch_sizes, std::ranges::less_equal{}) &&
                  std::ranges::is_sorted(good, std::ranges::less_equal{}) && std::ranges::all_of(good, among) &&
                  std::isfinite(state.cheapest_cost.value()) && state.cheapest_cost >= Joules(0);
  if (state.rounds_left > 0) {
    // What reached the target this round lies behind the walk, which goes over no batch size twice.
    const auto walked = [&](int64_t batch_size) {
      if (state.going_up) return batch_size < state.next;
      return batch_size > state.next && batch_size <= state.default_batch_size;
    };
    possible = possible && std::ranges::all_of(good, walked) && among(state.default_batch_size) && among(state.next) &&
               state.going_up == (state.next > state.default_batch_size) &&
               state.cheapest.has_value() == !good.empty() &&
               (!state.cheapest || std::ranges::binary_search(good, *state.cheapest));
  }
  if (!possible) return Fail(ErrorCode::kInvalidData, "not a state that a pruning exploration can be in");
  return PruningExploration(std::move(state));
}

std::optional<int64_t> PruningExploration::Next() const {
  if (done()) return std::nullopt;
  return state_.next;
}

Result<void> PruningExploration::Report(int64_t batch_size, Joules cost, bool reached) {
  if (done()) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("a result for batch size {}, but exploration is over", batch_size));
  }
  if (batch_size != state_.next) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("a result for batch size {}, but exploration waits for {}", batch_size, state_.next));
  }
  if (reached) {
    state_.good.push_back(batch_size);
    if (!state_.cheapest || cost < state_.cheapest_cost) {
      state_.cheapest = batch_size;
      state_.cheapest_cost = cost;
    }
  }
  Advance(reached);
  return {};
}

void PruningExploration::Advance(bool reached) {
  const std::vector<int64_t>& list = state_.batch_sizes;
  const auto position = std::ranges::lower_bound(list, state_.next);
  if (!state_.going_up) {
    if (reached && position != list.begin()) {
      state_.next = *(position - 1);
      return;
    }
    state_.going_up = true;
    const auto above = std::ranges::upper_bound(list, state_.default_batch_size);
    if (above == list.end()) return EndRound();
    state_.next = *above;
    return;
  }
  if (!reached || position + 1 == list.end()) return EndRound();
  state_.next = *(position + 1);
}

void PruningExploration::EndRound() {
  std::ranges::sort(state_.good);
  state_.batch_sizes = std::move(state_.good);
  state_.good.clear();
  state_.going_up = false;
  --state_.rounds_left;
  if (!state_.cheapest) {
    state_.rounds_left = 0;
    return;
  }
  state_.default_batch_size = *state_.cheapest;
  state_.next = *state_.cheapest;
  state_.cheapest.reset();
  state_.cheapest_cost = Joules(0);
}

}  // namespace zeus
