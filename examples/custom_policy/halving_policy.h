#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/job_table.h"
#include "zeus/optimizer/policy_options.h"

namespace custom_policy {

/// A knockout tournament between batch sizes. In the first round each plays once, in the second twice, then four times;
/// after a round only the cheaper half plays on, and one that misses the target is out at once. The last one left is
/// what the job runs with, until it costs a quarter more than when it won, or misses the target: then the data have
/// drifted, and everybody plays again. Name: "halving". No randomness: the seed is not used.
class HalvingPolicy final : public zeus::BatchSizePolicy {
 public:
  struct Player {
    int64_t batch_size = 0;
    int64_t tries = 0;
    double total_cost = 0;  ///< J, of its tries in this tournament.
  };

  /// One job's tournament.
  struct Tournament {
    int64_t round = 0;                   ///< From 0.
    std::vector<Player> players;         ///< Those still in, in the order in which they play; b0 first at the start.
    std::optional<double> winning_cost;  ///< J, a try's mean when it won; absent while there is more than one player.
    std::vector<double> latest_costs;    ///< J, of the winner, the latest last; at most Patience() of them.

    /// The first that has not played as often as its round wants; nullptr when the round is over.
    [[nodiscard]] const Player* NextPlayer() const;
  };

  explicit HalvingPolicy(const zeus::PolicyOptions& options) : options_(options) {}

  [[nodiscard]] std::string_view name() const override { return "halving"; }
  zeus::Result<zeus::JobId> RegisterJob(const zeus::JobIdentity& job, const zeus::KnobSpace& space) override;
  zeus::Result<zeus::Proposal> Predict(zeus::JobId job) override;
  zeus::Result<void> Observe(zeus::JobId job, const zeus::Observation& observation) override;
  [[nodiscard]] zeus::Result<std::string> SaveBeliefs() const override;
  zeus::Result<void> LoadBeliefs(std::string_view json) override;

  /// Of how many latest tries the mean decides whether the winner has grown expensive: the window, or 5.
  [[nodiscard]] size_t Patience() const { return options_.window == 0 ? 5 : options_.window; }

 private:
  zeus::PolicyOptions options_;
  zeus::JobTable<Tournament> jobs_;
};

}  // namespace custom_policy
