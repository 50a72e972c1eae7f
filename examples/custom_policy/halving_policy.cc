#include "halving_policy.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "zeus/optimizer/batch_size/check_observation.h"

namespace custom_policy {
namespace {

using Player = HalvingPolicy::Player;
using Tournament = HalvingPolicy::Tournament;

constexpr double kDrift = 1.25;

// Everybody plays; b0 first, because the first recurrence of a job must reach its target.
Tournament NewTournament(int64_t default_batch_size, const zeus::KnobSpace& space) {
  Tournament tournament;
  for (const int64_t batch_size : space.batch_sizes()) tournament.players.push_back({.batch_size = batch_size});
  const auto first = std::ranges::find(tournament.players, default_batch_size, &Player::batch_size);
  std::rotate(tournament.players.begin(), first, first + 1);
  return tournament;
}

// How often each player has played when the round is over: 1, then 2 more, then 4 more.
int64_t TriesAfter(int64_t round) {
  return (int64_t{2} << round) - 1;
}

double MeanCost(const Player& player) {
  return player.total_cost / static_cast<double>(player.tries);
}

// Closes every round in which all have played.
void CloseRounds(Tournament& tournament) {
  std::vector<Player>& players = tournament.players;
  while (!players.empty() && !tournament.winning_cost && tournament.NextPlayer() == nullptr) {
    // Equal costs go by batch size, so that the same costs give the same tournament everywhere.
    std::ranges::sort(players, {}, [](const Player& player) { return std::pair(MeanCost(player), player.batch_size); });
    players.resize((players.size() + 1) / 2);
    if (players.size() == 1) {
      tournament.winning_cost = MeanCost(players.front());
    } else {
      ++tournament.round;
    }
  }
}

}  // namespace

const Player* HalvingPolicy::Tournament::NextPlayer() const {
  const int64_t tries = TriesAfter(round);
  const auto next = std::ranges::find_if(players, [&](const Player& player) { return player.tries < tries; });
  return next == players.end() ? nullptr : &*next;
}

zeus::Result<zeus::JobId> HalvingPolicy::RegisterJob(const zeus::JobIdentity& job, const zeus::KnobSpace& space) {
  return jobs_.Register(job, space,
                        [&]() -> zeus::Result<Tournament> { return NewTournament(job.default_batch_size, space); });
}

zeus::Result<zeus::Proposal> HalvingPolicy::Predict(zeus::JobId job) {
  ZEUS_ASSIGN_OR_RETURN(const auto* const entry, jobs_.Find(job));
  const Tournament& tournament = entry->state;
  if (tournament.players.empty()) {
    return zeus::Fail(zeus::ErrorCode::kUnreachable,
                      "no batch size of " + ToText(entry->identity.workload) + " reached the target metric");
  }
  const Player* const next = tournament.NextPlayer();
  const Player& player = next == nullptr ? tournament.players.front() : *next;
  return zeus::Proposal{.batch_size = player.batch_size, .power_limit = {}};
}

zeus::Result<void> HalvingPolicy::Observe(zeus::JobId job, const zeus::Observation& observation) {
  ZEUS_ASSIGN_OR_RETURN(auto* const entry, jobs_.Find(job));
  ZEUS_RETURN_IF_ERROR(zeus::CheckObservation(observation, entry->space));
  Tournament& tournament = entry->state;
  const auto player = std::ranges::find(tournament.players, observation.batch_size, &Player::batch_size);
  if (player == tournament.players.end()) return {};  // A late run of one that is out already.

  if (!tournament.winning_cost) {
    if (observation.reached) {
      ++player->tries;
      player->total_cost += observation.cost.value();
    } else {
      tournament.players.erase(player);
    }
    CloseRounds(tournament);
    return {};
  }

  std::vector<double>& latest = tournament.latest_costs;
  latest.push_back(observation.cost.value());
  if (latest.size() > Patience()) latest.erase(latest.begin());
  const double mean = std::accumulate(latest.begin(), latest.end(), 0.0) / static_cast<double>(latest.size());
  const bool too_expensive = latest.size() == Patience() && mean > kDrift * *tournament.winning_cost;
  if (too_expensive || !observation.reached) {
    tournament = NewTournament(entry->identity.default_batch_size, entry->space);
  }
  return {};
}

}  // namespace custom_policy
