#include "zeus/job/job_json.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/damaged_json.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::Damage;
using testing::IsError;
using testing::IsOk;

constexpr auto kInvalid = ErrorCode::kInvalidData;

JobIdentity AJob() {
  return {.workload = {.dataset = "squad, \"v1\"", .network = "bert", .optimizer = "adamw"},
          .target_metric = 84.1,
          .max_epochs = 6,
          .default_batch_size = 32,
          .default_learning_rate = 4e-7,
          .workdir = "/home/größe"};
}

KnobSpace ASpace() {
  return KnobSpace::Create(
             {{.batch_size = 8, .power_limits = {Watts(100), Watts(112.5)}}, {.batch_size = 32, .power_limits = {}}})
      .value();
}

History AHistory() {
  return {{.recurrence = 0,
           .attempt = 0,
           .batch_size = 8,
           .power_limit = Watts(112.5),
           .energy = Joules(0.1 + 0.2),
           .time = Seconds(1e-5),
           .reached = true},
          {.recurrence = 1,
           .attempt = 19,
           .batch_size = 32,
           .power_limit = Watts(100),
           .energy = Joules(std::numeric_limits<double>::infinity()),
           .time = Seconds(0),
           .reached = false}};
}

// What `from_json` makes of a document's text.
template <class FromJson>
auto Read(const std::string& text, FromJson from_json) {
  const Json json = Json::parse(text);
  return from_json(JsonPlace(json, "saved"));
}

// Every field must be there and of its type, and the error names it.
template <class FromJson>
void ExpectEveryFieldMatters(const std::string& text, FromJson from_json, const std::string& optional_field = {}) {
  for (const Damage& damage : testing::WithoutEachField(text)) {
    if (damage.field == optional_field) continue;
    EXPECT_THAT(Read(damage.text, from_json), IsError(kInvalid, "has no field \"" + damage.field + "\""));
  }
  for (const Damage& damage : testing::WithEachFieldReplaced(text, Json::object())) {
    EXPECT_THAT(Read(damage.text, from_json), IsError(kInvalid, damage.field + ": expected")) << damage.path;
  }
}

TEST(JobIdentityJsonTest, RoundTrips) {
  JobIdentity job = AJob();
  EXPECT_EQ(Read(ToJson(job).dump(), JobIdentityFromJson).value(), job);
  job.default_learning_rate.reset();
  EXPECT_EQ(Read(ToJson(job).dump(), JobIdentityFromJson).value(), job);
}

TEST(JobIdentityJsonTest, EveryFieldMatters) {
  ExpectEveryFieldMatters(ToJson(AJob()).dump(), JobIdentityFromJson, "default_learning_rate");
}

TEST(KnobSpaceJsonTest, RoundTrips) {
  EXPECT_EQ(Read(ToJson(ASpace()).dump(), KnobSpaceFromJson).value(), ASpace());
}

TEST(KnobSpaceJsonTest, EveryFieldMatters) {
  ExpectEveryFieldMatters(ToJson(ASpace()).dump(), KnobSpaceFromJson);
}

TEST(KnobSpaceJsonTest, NamesThePlaceOfAnImpossibleSpace) {
  EXPECT_THAT(Read("[]", KnobSpaceFromJson), IsError(kInvalid, "saved: no batch sizes"));
  EXPECT_THAT(Read(R"([{"batch_size": 0, "power_limits_W": []}])", KnobSpaceFromJson),
              IsError(kInvalid, "saved: batch size 0: expected 1 or more"));
  EXPECT_THAT(Read(R"([{"batch_size": 8, "power_limits_W": ["nan"]}])", KnobSpaceFromJson),
              IsError(kInvalid, "saved: batch size 8: a power limit is nan W"));
}

TEST(HistoryJsonTest, RoundTrips) {
  EXPECT_EQ(Read(ToJson(AHistory()).dump(), HistoryFromJson).value(), AHistory());
  EXPECT_EQ(Read(ToJson(History()).dump(), HistoryFromJson).value(), History());
}

TEST(HistoryJsonTest, EveryFieldMatters) {
  ExpectEveryFieldMatters(ToJson(AHistory()).dump(), HistoryFromJson);
}

TEST(HistoryJsonTest, BugATryTooLargeForAnIntWasCutOff) {
  for (const int64_t attempt : {int64_t{4294967297}, int64_t{-1}}) {
    Json json = ToJson(AHistory());
    json[1]["try"] = attempt;
    EXPECT_THAT(Read(json.dump(), HistoryFromJson), IsError(kInvalid, "saved[1].try: expected a count of tries"));
  }
}

}  // namespace
}  // namespace zeus
