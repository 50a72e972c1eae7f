#include "zeus/optimizer/batch_size/knowledge_gradient/fewer_epochs.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "zeus/optimizer/batch_size/knowledge_gradient/explain_beliefs.h"
#include "zeus/optimizer/batch_size/knowledge_gradient/job_beliefs.h"

namespace zeus::knowledge_gradient {
namespace {

TEST(FewerEpochsTest, CountsRunsOnBothSides) {
  const std::vector<double> runs = {std::log(1), std::log(2), std::log(4), std::log(1)};
  const EpochCounts counts = CountEpochs(runs, 1);
  EXPECT_EQ(counts.few, 2);
  EXPECT_EQ(counts.more, 2);
  EXPECT_NEAR(counts.excess, 2, 1e-12);
  EXPECT_EQ(CountEpochs(runs, 4).more, 0);
  EXPECT_EQ(CountEpochs(runs, 4).excess, 1);
}

// The midpoint rule over the density of the share of runs that take few.
double Integrate(const EpochCounts& counts, double spare, double prior) {
  const double few = prior + counts.few;
  const double more = prior + counts.more;
  constexpr int kSteps = 200000;
  double mass = 0;
  double saved = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double share = (i + 0.5) / kSteps;
    const double density = std::pow(share, few - 1) * std::pow(1 - share, more - 1);
    mass += density;
    saved += density * std::max(0.0, spare - (1 - share) * counts.excess);
  }
  return saved / mass;
}

TEST(FewerEpochsTest, TheSavingIsWhatItsDefinitionSays) {
  for (const double few : {0.0, 1.0, 4.0}) {
    for (const double more : {0.0, 1.0, 5.0}) {
      for (const double spare : {0.05, 0.4, 0.9}) {
        for (const double excess : {1.0, 1.5}) {
          const EpochCounts counts{.few = few, .more = more, .excess = excess};
          EXPECT_NEAR(SavingOfFewerEpochs(counts, spare, 1), Integrate(counts, spare, 1), 1e-8)
              << few << ' ' << more << ' ' << spare << ' ' << excess;
        }
      }
    }
  }
}

TEST(FewerEpochsTest, NothingToSpareSavesNothingAndEnoughToSpareAlways) {
  EXPECT_EQ(SavingOfFewerEpochs({.few = 3, .more = 1, .excess = 1}, 0, 0.1), 0);
  EXPECT_EQ(SavingOfFewerEpochs({.few = 3, .more = 1, .excess = 1}, -0.5, 0.1), 0);
  // One run in four takes an epoch more, and two would cost no more than the incumbent.
  EXPECT_NEAR(SavingOfFewerEpochs({.few = 3, .more = 1, .excess = 1}, 2, 1e-9), 2 - 0.25, 1e-6);
}

constexpr std::array<int64_t, 4> kSizes = {128, 256, 512, 1024};

struct Played {
  int64_t again = 0;  // Runs at 128 for the sake of fewer epochs.
  size_t last = 0;
  PolicyExplanation explanation;  // Before the last of those.
};

// 150 recurrences of a job whose default, 256, takes two epochs.
Played Play(double epoch_cost_at_128, const std::function<double(int64_t run)>& epochs_at_128) {
  JobBeliefs beliefs(kSizes, 256, 100, 2);
  const std::array<double, 4> epoch_costs = {epoch_cost_at_128, 10, 9.8, 9.7};
  int64_t runs_at_128 = 0;
  Played played;
  for (int i = 0; i < 150; ++i) {
    const Decision decision = beliefs.Decide();
    const size_t size = decision.size;
    if (decision.why == Decision::Why::kFewerEpochs && size == 0) {
      ++played.again;
      played.explanation = ExplainBeliefs(beliefs, kSizes);
    }
    if (size == 0) ++runs_at_128;
    const std::array<double, 4> epochs = {epochs_at_128(runs_at_128), 2, 3, 5};
    beliefs.Observe({.size = size,
                     .cost = epochs[size] * epoch_costs[size],
                     .reached = true,
                     .epochs = epochs[size],
                     .epoch_cost = epoch_costs[size]});
    played.last = size;
  }
  return played;
}

TEST(FewerEpochsTest, ADearerSizeThatTookAnEpochMoreByBadLuckIsFoundLater) {
  const Played unlucky = Play(14, [](int64_t run) { return run == 1 ? 2 : 1; });
  EXPECT_GE(unlucky.again, 1);
  EXPECT_EQ(kSizes[unlucky.last], 128);
}

TEST(FewerEpochsTest, ADearerSizeThatAlwaysTakesItIsGivenUp) {
  const Played always = Play(14, [](int64_t) { return 2; });
  EXPECT_GE(always.again, 1);
  EXPECT_LE(always.again, 8);
  EXPECT_EQ(kSizes[always.last], 256);
  EXPECT_EQ(always.explanation.next_batch_size, 128);
  EXPECT_THAT(always.explanation.reason, ::testing::HasSubstr("an epoch fewer"));
  ASSERT_TRUE(always.explanation.sizes[0].trial);
  EXPECT_GT(always.explanation.sizes[0].trial->score, Joules(0));
}

TEST(FewerEpochsTest, WhereEpochsCostAlikeTheCurveIsBelieved) {
  EXPECT_EQ(Play(11, [](int64_t) { return 2; }).again, 0);
}

TEST(FewerEpochsTest, RunsOfManyEpochsAreLeftToTheCurve) {
  EXPECT_EQ(Play(14, [](int64_t) { return 9; }).again, 0);
  JobBeliefs beliefs(kSizes, 256, 100, 2);
  beliefs.Observe({.size = 0, .cost = 400, .reached = true, .epochs = 10, .epoch_cost = 40});
  for (int i = 0; i < 30; ++i) {
    beliefs.Observe({.size = 1, .cost = 240, .reached = true, .epochs = 10, .epoch_cost = 24});
  }
  EXPECT_FALSE(beliefs.Valuer().ValueOfFewerEpochs(0, *beliefs.Context()));
}

TEST(FewerEpochsTest, CostsAloneHaveNoEpochs) {
  JobBeliefs beliefs(kSizes, 256, 100, 2);
  beliefs.Observe({.size = 1, .cost = 20, .reached = true, .epochs = {}, .epoch_cost = {}});
  beliefs.Observe({.size = 0, .cost = 28, .reached = true, .epochs = {}, .epoch_cost = {}});
  for (int i = 0; i < 30; ++i)
    beliefs.Observe({.size = 1, .cost = 20, .reached = true, .epochs = {}, .epoch_cost = {}});
  EXPECT_FALSE(beliefs.Valuer().ValueOfFewerEpochs(0, *beliefs.Context()));
}

// A trial of few epochs is stopped at what the incumbent costs where that is cheaper, but not where there is no limit.
TEST(FewerEpochsTest, ATrialThatMayTakeManyIsStoppedOnceItSavesNothing) {
  const auto value = [](double beta) {
    JobBeliefs beliefs(kSizes, 256, 100, beta);
    for (int i = 0; i < 3; ++i) {
      beliefs.Observe({.size = 1, .cost = 20, .reached = true, .epochs = 2, .epoch_cost = 10});
    }
    beliefs.Observe({.size = 2, .cost = 29.4, .reached = true, .epochs = 3, .epoch_cost = 9.8});
    const TrialContext context = *beliefs.Context();
    return std::pair(beliefs.Valuer().Value(3, context).cap, context);
  };
  const auto [cap, context] = value(2);
  EXPECT_EQ(cap, context.incumbent_cost);
  EXPECT_LT(cap, context.cap);
  EXPECT_TRUE(std::isinf(value(std::numeric_limits<double>::infinity()).first));
}

// Such a run takes more epochs than would pay. That is no sign of a wall, and it may have been bad luck.
TEST(FewerEpochsTest, AStopAtTheIncumbentsCostTellsOfNoWall) {
  const auto stopped = [](double epochs, double cap) {
    JobBeliefs beliefs(kSizes, 256, 100, 2);
    for (int i = 0; i < 15; ++i) {
      beliefs.Observe({.size = 1, .cost = 20, .reached = true, .epochs = 2, .epoch_cost = 10});
    }
    beliefs.Observe({.size = 0, .cost = epochs * 14, .reached = false, .epochs = epochs, .epoch_cost = 14, .cap = cap});
    return beliefs;
  };
  const JobBeliefs soon = stopped(1, 20);
  EXPECT_EQ(soon.WallChance(0, 1), 0);
  EXPECT_TRUE(soon.Valuer().ValueOfFewerEpochs(0, *soon.Context()));
  const JobBeliefs late = stopped(2, 40);
  EXPECT_GT(late.WallChance(0, 1), 0.5);
  TrialContext walled = *late.Context();
  walled.wall_chance = late.WallChance(0, 1);
  EXPECT_FALSE(late.Valuer().ValueOfFewerEpochs(0, walled));
}

}  // namespace
}  // namespace zeus::knowledge_gradient
