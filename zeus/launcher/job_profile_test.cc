#include "zeus/launcher/job_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;
using ::testing::Optional;

// A training script: profiles two limits, and takes as many epochs as its batch size is thousands; none reach the
// target from 3000 on. Each start leaves a line in a file.
constexpr const char* kScript = R"sh(#!/bin/sh
bs=$1 epochs=$(($1 / 1000)) reached=true
echo "$ZEUS_JOB_ID $bs $2 $ZEUS_COST_THRESH $ZEUS_USE_OPTIMAL_PL" >> "$ZEUS_LOG_DIR/../starts"
if [ -e "$ZEUS_LOG_DIR/../fail" ] && [ "$ZEUS_JOB_ID" = "$(cat "$ZEUS_LOG_DIR/../fail")" ]; then exit 5; fi
[ "$bs" -lt 3000 ] || reached=false
[ -e "$ZEUS_LOG_DIR/bs$bs.power.json" ] || cat > "$ZEUS_LOG_DIR/bs$bs.power.json" <<END
{"job_id": "x", "train_power": {"100000": 80, "250000": 200}, "train_throughput": {"100000": 4, "250000": 5},
 "eval_power": {}, "eval_throughput": {}, "optimal_pl": 100000}
END
[ "$ZEUS_COST_THRESH" = inf ] || { epochs=1 reached=false; }
echo "{\"energy\": 1, \"time\": $((epochs * 10)), \"cost\": 1, \"num_epochs\": $epochs, \"reached\": $reached}" \
  > "$ZEUS_LOG_DIR/$ZEUS_JOB_ID+bs$bs.train.json"
)sh";

class JobProfileTest : public ::testing::Test {
 protected:
  JobProfileTest() {
    const std::filesystem::path script = folder_.Write("train", kScript);
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    std::filesystem::create_directory(folder_.path() / "logs");
    job_.identity.workload = {.dataset = "birds", .network = "tiny", .optimizer = "sgd"};
    job_.identity.target_metric = 0.5;
    job_.identity.max_epochs = 9;
    job_.identity.default_batch_size = 2000;
    job_.identity.default_learning_rate = 0.1;
    job_.command = {script.string(), "{bs}", "{seed}"};
  }

  [[nodiscard]] JobProfileOptions Options() const {
    return {.executor = {.job = job_,
                         .metric = CostMetric::Create(0.5, Watts(250)).value(),
                         .largest_limit = Watts(250),
                         .seed = 7,
                         .log_dir = folder_.path() / "logs"},
            .batch_sizes = {1000, 2000, 3000},
            .runs = 2};
  }
  [[nodiscard]] std::string Starts() const {
    std::ostringstream text;
    text << std::ifstream(folder_.path() / "starts").rdbuf();
    return text.str();
  }

  const testing::TemporaryFolder folder_;
  Job job_;
};

TEST_F(JobProfileTest, ProfilesLimitsFirstAndThenRunsAtTheLargestWithASeedEach) {
  const auto profiles = ProfileJob(Options());
  ASSERT_THAT(profiles, IsOk());
  EXPECT_EQ(Starts(),
            "rec01+try01 1000 7 1e-09 false\nrec01+try02 1000 8 inf false\nrec01+try03 1000 9 inf false\n"
            "rec02+try01 2000 10 1e-09 false\nrec02+try02 2000 11 inf false\nrec02+try03 2000 12 inf false\n"
            "rec03+try01 3000 13 1e-09 false\nrec03+try02 3000 14 inf false\nrec03+try03 3000 15 inf false\n");
  ASSERT_EQ(profiles->size(), 3U);
  EXPECT_EQ((*profiles)[1].runs.size(), 2U);
  EXPECT_EQ((*profiles)[1].runs[0].num_epochs, 2);
  EXPECT_TRUE((*profiles)[1].runs[0].reached);
  EXPECT_FALSE((*profiles)[2].runs[1].reached);
}

TEST_F(JobProfileTest, BecomesTraces) {
  const auto profiles = ProfileJob(Options());
  ASSERT_THAT(profiles, IsOk());
  const TrainTrace train = ToTrainTrace(job_, *profiles);
  ASSERT_EQ(train.rows.size(), 6U);
  EXPECT_EQ(train.workloads[0], job_.identity.workload);
  EXPECT_THAT(train.rows[2].target_epoch, Optional(2));
  EXPECT_EQ(train.rows[3].run, 2);
  EXPECT_EQ(train.rows[0].learning_rate, 0.05);  // Linear, as for sgd.
  EXPECT_FALSE(train.rows[4].target_epoch);
  const PowerTrace power = ToPowerTrace(job_, Watts(250), *profiles);
  ASSERT_EQ(power.rows.size(), 6U);
  // An epoch took 10 s at 250 W, where 5 iterations a second were measured, and 4 at 100 W.
  EXPECT_EQ(power.rows[0].power_limit, Watts(100));
  EXPECT_NEAR(power.rows[0].time_per_epoch.value(), 12.5, 1e-12);
  EXPECT_EQ(power.rows[0].average_power, Watts(80));
  EXPECT_NEAR(power.rows[1].time_per_epoch.value(), 10, 1e-12);
}

TEST_F(JobProfileTest, AfterAFailureItGoesOnWithWhatIsMissing) {
  const std::filesystem::path fail = folder_.Write("fail", "rec02+try02");
  EXPECT_THAT(ProfileJob(Options()),
              IsError(ErrorCode::kUnavailable, "rec02+try02: the command ended with exit code 5"));
  std::filesystem::remove(fail);
  std::filesystem::remove(folder_.path() / "starts");
  const auto profiles = ProfileJob(Options());
  ASSERT_THAT(profiles, IsOk());
  EXPECT_EQ(profiles->size(), 3U);
  // With the seeds that the runs would have had.
  EXPECT_EQ(Starts(),
            "rec02+try02 2000 11 inf false\nrec02+try03 2000 12 inf false\n"
            "rec03+try01 3000 13 1e-09 false\nrec03+try02 3000 14 inf false\nrec03+try03 3000 15 inf false\n");
}

}  // namespace
}  // namespace zeus
