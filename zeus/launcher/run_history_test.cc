#include "zeus/launcher/run_history.h"

#include <gmock/gmock.h>

#include <limits>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

RunHistory Example() {
  RunHistory history;
  RunIdentity& identity = history.identity;
  identity.job = {.workload = {"birds", "tiny", "sgd"},
                  .target_metric = 0.6,
                  .max_epochs = 20,
                  .default_batch_size = 16,
                  .default_learning_rate = {},
                  .workdir = "/jobs"};
  identity.batch_sizes = {8, 16};
  identity.max_power = Watts(250);
  identity.beta = std::numeric_limits<double>::infinity();
  identity.seed = std::numeric_limits<uint64_t>::max();
  identity.observer = ObserverMode::kOn;
  history.recurrences = 10;
  history.entries = {{.tried = {.recurrence = 0,
                                .attempt = 0,
                                .batch_size = 16,
                                .power_limit = Watts(175),
                                .energy = Joules(0.1 + 0.2),
                                .time = Seconds(1e-5),
                                .reached = true},
                      .num_epochs = 7,
                      .job_id = "rec01+try01",
                      .profile = {{Watts(250), Joules(2.5)}, {Watts(175), Joules(1.25)}}},
                     {.tried = {.recurrence = 1,
                                .attempt = 1,
                                .batch_size = 8,
                                .power_limit = Watts(175),
                                .energy = Joules(3),
                                .time = Seconds(4),
                                .reached = false},
                      .num_epochs = 0,
                      .job_id = "rec02+try02",
                      .profile = {}}};
  return history;
}

// The example's text with one thing in it replaced.
std::string Replaced(const std::string& what, const std::string& with) {
  std::string text = ToText(Example());
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what << " in " << text;
  return text.replace(at, what.size(), with);
}

TEST(RunHistory, ReadsBackWhatItWrites) {
  EXPECT_EQ(ParseRunHistory(ToText(Example()), "history.json").value(), Example());
  RunHistory fresh = Example();
  fresh.entries.clear();
  EXPECT_EQ(ParseRunHistory(ToText(fresh), "history.json").value(), fresh);
}

TEST(RunHistory, SaysWhatItIs) {
  const std::string text = ToText(Example());
  EXPECT_THAT(text, HasSubstr("\"format\": \"zeus-run\",\n \"version\": 1,"));
  EXPECT_THAT(text, HasSubstr("\"energy_J\": 0.30000000000000004,"));
  EXPECT_THAT(text, HasSubstr("\"beta\": \"inf\","));
  EXPECT_THAT(text, HasSubstr("\"job_id\": \"rec01+try01\","));
}

TEST(RunHistory, DamageIsNamed) {
  const auto damaged = [](const std::string& what, const std::string& with, const std::string& message) {
    EXPECT_THAT(ParseRunHistory(Replaced(what, with), "history.json"),
                IsError(ErrorCode::kInvalidData, "history.json" + message));
  };
  damaged("\"zeus-run\"", "\"zeus-walk\"", ".format: expected \"zeus-run\", found \"zeus-walk\"");
  damaged("\"version\": 1", "\"version\": 2", ".version: expected version 1");
  damaged("\"tiny\"", "3", ".job.network: expected a text");
  damaged("\"max_epochs\": 20", "\"max_epochs\": 0", ".job: max_epochs is 0");
  damaged("\"default_batch_size\": 16", "\"default_batch_size\": \"x\"", ".job.default_batch_size: expected a whole");
  damaged("\"eta\": 0.5", "\"eta\": 2", ".eta: ");
  damaged("\"beta\": \"inf\"", "\"beta\": -1", ".beta: ");
  damaged("\"seed\": 18446744073709551615", "\"seed\": -1", ".seed: expected a whole number from 0 on");
  damaged("\"window\": 0", "\"window\": -1", ".window: expected a whole number from 0 on");
  damaged("\"observer\": true", "\"observer\": 1", ".observer: expected true or false");
  damaged("\"max_power_W\": 250.0", "\"max_power_W\": -1", ".max_power_W: expected a number of 0 or more");
  damaged("\"batch_policy\": \"pruned-thompson\"", "\"batch_policy\": null", ": has no field \"batch_policy\"");
  damaged("10,\n  40", "10", ".profile: expected two counts of batches");
  damaged("\"recurrences\": 10", "\"recurrences\": 0", ".recurrences: expected a whole number from 1 on");
  damaged("8,\n  16", "8, 8", ".batch_sizes: ");
  damaged("\"entries\"", "\"entry\"", ": has no field \"entries\"");
  damaged("\"recurrence\": 0", "\"recurrence\": -1", ".entries[0].recurrence: expected a whole number from 0 on");
  damaged("\"try\": 1", "\"try\": 1e300", ".entries[1].try: expected a whole number");
  damaged("\"try\": 1", "\"try\": 3000000000", ".entries[1].try: expected a whole number from 0 to 2147483647");
  damaged("\"batch_size\": 16", "\"batch_size\": 0", ".entries[0].batch_size: expected a whole number from 1 on");
  damaged("\"power_limit_W\": 175.0", "\"power_limit_W\": \"inf\"",
          ".entries[0].power_limit_W: expected a number of 0");
  damaged("\"energy_J\": 3.0", "\"energy_J\": \"nan\"", ".entries[1].energy_J: expected a number of 0 or more");
  damaged("\"time_s\": 4.0", "\"time_s\": -4.0", ".entries[1].time_s: expected a number of 0 or more");
  damaged("\"reached\": false", "\"reached\": 0", ".entries[1].reached: expected true or false");
  damaged("\"reached\": false", "\"reached\": true", ".entries[1].reached: expected false, since no epoch was trained");
  damaged("\"num_epochs\": 7", "\"num_epochs\": 7.5", ".entries[0].num_epochs: expected a whole number");
  damaged("\"epoch_cost_J\": 1.25", "\"epoch_cost_J\": -1", ".entries[0].profile[1].epoch_cost_J: expected a number");
  damaged("\"power_limit_W\": 250.0", "\"power_limit_W\": 100.0", ".entries[0].profile[1]: expected power limits from");
}

TEST(RunHistory, HalfAFile) {
  const std::string text = ToText(Example());
  for (const size_t size : {size_t{0}, text.size() / 3, text.size() / 2, text.size() - 3}) {
    EXPECT_THAT(ParseRunHistory(text.substr(0, size), "history.json"),
                IsError(ErrorCode::kInvalidData, "history.json"));
  }
}

TEST(RunHistory, OnDisk) {
  const testing::TemporaryFolder folder;
  EXPECT_THAT(ReadRunHistory(folder.Write("history.json", ToText(Example()))), IsOk());
  EXPECT_THAT(ReadRunHistory(folder.path() / "absent.json"), IsError(ErrorCode::kNotFound, "absent.json"));
}

TEST(CheckSameRun, NamesTheFirstDifference) {
  const RunIdentity recorded = Example().identity;
  EXPECT_THAT(CheckSameRun(recorded, recorded), IsOk());
  const auto differs = [&](const auto& change, const std::string& message) {
    RunIdentity wanted = recorded;
    change(wanted);
    EXPECT_THAT(CheckSameRun(recorded, wanted),
                IsError(ErrorCode::kInvalidArgument, "the run that is to go on has " + message));
  };
  differs([](RunIdentity& run) { run.eta = 0.75; }, "eta 0.5, and not 0.75");
  differs([](RunIdentity& run) { run.beta = 2; }, "beta \"inf\", and not 2.0");
  differs([](RunIdentity& run) { run.batch_sizes = {16}; }, "batch_sizes [8,16], and not [16]");
  differs([](RunIdentity& run) { run.job.target_metric = 0.7; }, "job.target_metric 0.6, and not 0.7");
  differs([](RunIdentity& run) { run.job.default_learning_rate = 1; }, "job.default_learning_rate null, and not 1.0");
  differs([](RunIdentity& run) { run.seed = 2; }, "seed 18446744073709551615, and not 2");
  differs([](RunIdentity& run) { run.max_power = Watts(300); }, "max_power_W 250.0, and not 300.0");
  differs([](RunIdentity& run) { run.observer = ObserverMode::kOff; }, "observer true, and not false");
  differs([](RunIdentity& run) { run.profile.warmup = 1; }, "profile [10,40], and not [1,40]");
  differs([](RunIdentity& run) { run.batch_policy = "default"; },
          "batch_policy \"pruned-thompson\", and not \"default\"");
}

}  // namespace
}  // namespace zeus
