#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "tests/support/damaged_json.h"
#include "tests/support/first_difference.h"
#include "tests/support/result_matchers.h"
#include "tests/support/small_simulations.h"
#include "tests/support/small_traces.h"
#include "zeus/simulator/single_job.h"

// Saving a simulation and going on with it later.
namespace zeus {
namespace {

using testing::FirstDifference;
using testing::IsError;
using testing::IsOk;
using testing::NamedOptions;
using Json = nlohmann::ordered_json;

constexpr int64_t kRecurrences = 40;

class SavedSimulationTest : public ::testing::TestWithParam<NamedOptions> {
 protected:
  Result<SingleJobSimulation> Create(const SimulationOptions& options) {
    return SingleJobSimulation::Create(trace_, options);
  }

  // A simulation of these options as saved after `recurrences`.
  std::string SavedAfter(int64_t recurrences, const SimulationOptions& options) {
    SingleJobSimulation simulation = *Create(options);
    EXPECT_THAT(simulation.RunUntil(recurrences), IsOk());
    return *simulation.Save();
  }

  JobTrace trace_ = testing::SmallJobTrace();
};

TEST_P(SavedSimulationTest, ContinuedAfterAnyRecurrenceEqualsOnePiece) {
  const SimulationOptions& options = GetParam().options;
  const std::string whole = SavedAfter(kRecurrences, options);
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation stopped, Create(options));
  for (int64_t k = 0; k <= kRecurrences; ++k) {
    ASSERT_THAT(stopped.RunUntil(k), IsOk());
    const std::string saved = *stopped.Save();
    ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation continued, Create(options));
    ASSERT_THAT(continued.Load(saved), IsOk()) << "after recurrence " << k;
    EXPECT_EQ(FirstDifference(*continued.Save(), saved), "") << "after recurrence " << k;
    EXPECT_EQ(continued.recurrences_done(), k);
    ASSERT_THAT(continued.RunUntil(kRecurrences), IsOk()) << "after recurrence " << k;
    EXPECT_EQ(FirstDifference(*continued.Save(), whole), "") << "after recurrence " << k;
  }
}

TEST_P(SavedSimulationTest, LoadingReplacesWhatWasSimulatedBefore) {
  const SimulationOptions& options = GetParam().options;
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create(options));
  ASSERT_THAT(simulation.RunUntil(30), IsOk());
  ASSERT_THAT(simulation.Load(SavedAfter(7, options)), IsOk());
  ASSERT_THAT(simulation.RunUntil(kRecurrences), IsOk());
  EXPECT_EQ(FirstDifference(*simulation.Save(), SavedAfter(kRecurrences, options)), "");
}

TEST_P(SavedSimulationTest, FieldsInAnotherOrderAreTheSame) {
  const std::string saved = SavedAfter(12, GetParam().options);
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create(GetParam().options));
  ASSERT_THAT(simulation.Load(nlohmann::json::parse(saved).dump()), IsOk());
  EXPECT_EQ(FirstDifference(*simulation.Save(), saved), "");
}

TEST_P(SavedSimulationTest, ADamagedStateIsRefusedAndTheSimulationIsAsBefore) {
  const std::string intact = SavedAfter(12, GetParam().options);
  std::vector<testing::Damage> damages = testing::WithoutEachField(intact);
  for (testing::Damage& damage : testing::WithEachFieldReplaced(intact, Json::parse("[{}]"))) {
    damages.push_back(std::move(damage));
  }
  for (const testing::Damage& damage : damages) {
    if (damage.original.is_null() && !Json::parse(damage.text).contains(damage.field)) continue;  // Null is absent.
    ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create(GetParam().options));
    ASSERT_THAT(simulation.RunUntil(3), IsOk());
    const std::string before = *simulation.Save();
    const Result<void> loaded = simulation.Load(damage.text);
    if (loaded) {
      EXPECT_EQ(FirstDifference(*simulation.Save(), intact), "") << damage.path << " was changed, but it was loaded";
      continue;
    }
    EXPECT_THAT(loaded.error().message, ::testing::HasSubstr(damage.field)) << damage.path;
    EXPECT_EQ(FirstDifference(*simulation.Save(), before), "") << damage.path;
  }
}

TEST_P(SavedSimulationTest, ATruncatedStateIsRefusedAndTheSimulationIsAsBefore) {
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create(GetParam().options));
  ASSERT_THAT(simulation.RunUntil(3), IsOk());
  const std::string before = *simulation.Save();
  for (const std::string& text : testing::Truncations(SavedAfter(12, GetParam().options))) {
    EXPECT_THAT(simulation.Load(text), IsError(ErrorCode::kInvalidData, "saved simulation: not valid JSON"));
    EXPECT_EQ(FirstDifference(*simulation.Save(), before), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Options, SavedSimulationTest, ::testing::ValuesIn(testing::OptionsToTry()),
                         [](const auto& param_info) { return param_info.param.name; });

TEST_F(SavedSimulationTest, OtherOptionsAreRefusedByName) {
  const std::string saved = SavedAfter(5, {});
  const auto load = [&](auto change) -> Result<void> {
    SimulationOptions options;
    change(&options);
    ZEUS_ASSIGN_OR_RETURN(SingleJobSimulation simulation, Create(options));
    const std::string before = *simulation.Save();
    Result<void> loaded = simulation.Load(saved);
    EXPECT_EQ(FirstDifference(*simulation.Save(), before), "");
    return loaded;
  };
  using Options = SimulationOptions;
  const auto code = ErrorCode::kInvalidArgument;
  EXPECT_THAT(load([](Options* o) { o->eta = 0.25; }), IsError(code, "has eta 0.5, this one 0.25"));
  EXPECT_THAT(load([](Options* o) { o->beta = std::numeric_limits<double>::infinity(); }),
              IsError(code, "has beta 2.0, this one \"inf\""));
  EXPECT_THAT(load([](Options* o) { o->seed = 7; }), IsError(code, "has seed 1, this one 7"));
  EXPECT_THAT(load([](Options* o) { o->window = 4; }), IsError(code, "has window 0, this one 4"));
  EXPECT_THAT(load([](Options* o) { o->concurrency = Concurrency::kOn; }), IsError(code, "has concurrency false"));
  EXPECT_THAT(load([](Options* o) { o->policies.batch_size = "grid"; }),
              IsError(code, "has batch_policy \"pruned-thompson\", this one \"grid\""));
  EXPECT_THAT(load([](Options* o) { o->policies.power_limit = "max"; }), IsError(code, "power_policy"));
}

TEST_F(SavedSimulationTest, AnotherJobIsRefusedByName) {
  const std::string saved = SavedAfter(5, {});
  trace_.job.max_epochs = 11;
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create({}));
  EXPECT_THAT(simulation.Load(saved), IsError(ErrorCode::kInvalidArgument, "has max_epochs 10, this one 11"));
}

TEST_F(SavedSimulationTest, AnotherFormatOrVersionIsRefused) {
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create({}));
  Json saved = Json::parse(SavedAfter(5, {}));
  saved["version"] = 2;
  EXPECT_THAT(simulation.Load(saved.dump()), IsError(ErrorCode::kInvalidData, "version: expected version 1"));
  saved["version"] = 1;
  saved["format"] = "zeus-beliefs";
  EXPECT_THAT(simulation.Load(saved.dump()), IsError(ErrorCode::kInvalidData, "format"));
}

// Loading is whole or not at all, though the policies load one after the other.
TEST_F(SavedSimulationTest, OnePolicysDamagedBeliefsLeaveBothAsBefore) {
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create({}));
  ASSERT_THAT(simulation.RunUntil(3), IsOk());
  const std::string before = *simulation.Save();
  for (const char* const name : {"batch_size_beliefs", "power_limit_beliefs"}) {
    Json saved = Json::parse(SavedAfter(12, {}));
    saved[name] = "{}";
    EXPECT_THAT(simulation.Load(saved.dump()), IsError(ErrorCode::kInvalidData, "beliefs"));
    EXPECT_EQ(FirstDifference(*simulation.Save(), before), "") << name;
  }
}

// It went on with policies that knew nothing of the job any more.
TEST_F(SavedSimulationTest, BeliefsWithoutTheJobAreRefused) {
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create({}));
  ASSERT_THAT(simulation.RunUntil(3), IsOk());
  const std::string before = *simulation.Save();
  for (const char* const name : {"batch_size_beliefs", "power_limit_beliefs"}) {
    Json saved = Json::parse(SavedAfter(12, {}));
    Json beliefs = Json::parse(saved[name].get<std::string>());
    beliefs["jobs"] = Json::array();
    saved[name] = beliefs.dump();
    EXPECT_THAT(simulation.Load(saved.dump()), IsError(ErrorCode::kInvalidData, "not about its job")) << name;
    EXPECT_EQ(FirstDifference(*simulation.Save(), before), "") << name;
  }
}

TEST_F(SavedSimulationTest, BeliefsAboutOtherKnobsAreRefused) {
  Json saved = Json::parse(SavedAfter(12, {}));
  Json beliefs = Json::parse(saved["power_limit_beliefs"].get<std::string>());
  beliefs["jobs"][0]["knobs"][0]["power_limits_W"] = {100.0, 150.0, 200.0};
  saved["power_limit_beliefs"] = beliefs.dump();
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create({}));
  const std::string before = *simulation.Save();
  EXPECT_THAT(simulation.Load(saved.dump()), IsError(ErrorCode::kInvalidArgument, "other batch sizes or power limits"));
  EXPECT_EQ(FirstDifference(*simulation.Save(), before), "");
}

// The history of the whole had a hole where the simulation was continued.
TEST_F(SavedSimulationTest, AHistoryOfAnotherLengthIsRefused) {
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create({}));
  Json saved = Json::parse(SavedAfter(12, {}));
  saved["history"].erase(saved["history"].size() - 1);
  EXPECT_THAT(simulation.Load(saved.dump()), IsError(ErrorCode::kInvalidData, "recurrences_done: expected as many"));
  saved["recurrences_done"] = -1;
  EXPECT_THAT(simulation.Load(saved.dump()), IsError(ErrorCode::kInvalidData, "recurrences_done: expected a count"));
}

TEST_F(SavedSimulationTest, AnImpossibleCheapestCostIsRefused) {
  ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, Create({}));
  Json saved = Json::parse(SavedAfter(12, {}));
  for (const Json& cost : {Json("nan"), Json(0), Json(-5.0)}) {
    saved["min_cost_J"] = cost;
    EXPECT_THAT(simulation.Load(saved.dump()), IsError(ErrorCode::kInvalidData, "min_cost_J")) << cost;
  }
}

}  // namespace
}  // namespace zeus
