#include "zeus/launcher/recurring_run.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <limits>

#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "tests/support/run_command.h"
#include "zeus/base/text_file.h"
#include "zeus/optimizer/batch_size/make_batch_size_policy.h"

namespace zeus {
namespace {

using testing::Content;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using ::testing::SizeIs;

// A training whose result follows from its batch size ($0) and seed ($1) alone: 8 is cheap, 16 is dear, 32 misses. It
// profiles where there is no profile, and notes that it was run.
constexpr const char* kTraining = R"(
echo $ZEUS_JOB_ID bs$0 seed$1 >> $ZEUS_LOG_DIR/../made
test -z "$BREAK" || eval "$BREAK"
energy=$((1000 + $0 * 100 + $1 % 7)); reached=true
test $0 -lt 32 || reached=false
if ! test -e $ZEUS_LOG_DIR/bs$0.power.json; then
  energy=$((energy + 50))
  printf '{"job_id": "%s", "train_power": {"100000": 80, "200000": 150}, "train_throughput": {"100000": 2, "200000": 2.1},
    "eval_power": {}, "eval_throughput": {}, "optimal_pl": 100000}' $ZEUS_JOB_ID > $ZEUS_LOG_DIR/bs$0.power.json
fi
printf '{"energy": %s, "time": 2, "cost": 0, "num_epochs": 3, "reached": %s}' $energy $reached \
  > $ZEUS_LOG_DIR/$ZEUS_JOB_ID+bs$0.train.json
)";

class RecurringRunTest : public ::testing::Test {
 protected:
  RecurringRunTest() {
    options_.identity.job = {.workload = {"birds", "tiny", "sgd"},
                             .target_metric = 0.6,
                             .max_epochs = 20,
                             .default_batch_size = 16,
                             .default_learning_rate = {},
                             .workdir = folder_.path()};
    options_.identity.batch_sizes = {8, 16, 32};
    options_.identity.max_power = Watts(200);
    options_.identity.beta = std::numeric_limits<double>::infinity();
    options_.recurrences = 8;
    options_.command = {"bash", "-c", kTraining, "{bs}", "{seed}"};
    options_.largest_limit = Watts(200);
    options_.make_policy = [](const PolicyOptions& options) {
      return MakeBatchSizePolicy(kDefaultBatchSizePolicy, options);
    };
    options_.on_try_ended = [this](const RunEntry& entry) { ended_.push_back(entry.job_id); };
  }
  ~RecurringRunTest() override { ::unsetenv("BREAK"); }

  [[nodiscard]] std::filesystem::path Folder(const std::string& name = "run") const { return folder_.path() / name; }
  [[nodiscard]] RunHistory Saved(const std::string& name = "run") const {
    return ReadRunHistory(Folder(name) / "history.json").value();
  }
  Result<RunEnding> Start(const std::string& name = "run") {
    ZEUS_ASSIGN_OR_RETURN(const std::unique_ptr<RecurringRun> run, RecurringRun::Start(Folder(name), options_));
    return run->Run();
  }
  Result<RunEnding> Resume(const std::string& name = "run") {
    ZEUS_ASSIGN_OR_RETURN(const std::unique_ptr<RecurringRun> run, RecurringRun::Resume(Folder(name), options_));
    return run->Run();
  }

  testing::TemporaryFolder folder_;
  RecurringRunOptions options_;
  std::vector<std::string> ended_;
};

TEST_F(RecurringRunTest, RunsAllRecurrences) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RecurringRun> run, RecurringRun::Start(Folder(), options_));
  EXPECT_EQ(run->Run(), RunEnding::kAllRecurrences);
  const RunHistory saved = Saved();
  EXPECT_EQ(saved.identity, options_.identity);
  EXPECT_EQ(saved.recurrences, 8);
  ASSERT_EQ(saved.entries.size(), run->history().size());
  std::vector<int64_t> batch_sizes;
  int reached = 0;
  for (size_t i = 0; i < saved.entries.size(); ++i) {
    EXPECT_EQ(saved.entries[i].tried, run->history()[i]);
    EXPECT_EQ(saved.entries[i].tried.power_limit, Watts(100));
    EXPECT_EQ(saved.entries[i].job_id, ended_[i]);
    batch_sizes.push_back(saved.entries[i].tried.batch_size);
    if (saved.entries[i].tried.reached) ++reached;
  }
  EXPECT_EQ(reached, 8);
  // Exploration goes down from the default, and then up; 32 misses, so that the recurrence takes another try.
  EXPECT_THAT(std::vector(batch_sizes.begin(), batch_sizes.begin() + 4), ElementsAre(16, 8, 32, 8));
  EXPECT_EQ(ended_[2], "rec03+try01");
  EXPECT_EQ(ended_[3], "rec03+try02");
  EXPECT_THAT(Content(folder_.path() / "made"), HasSubstr("rec01+try01 bs16 seed1\nrec02+try01 bs8 seed2\n"));
}

// Whatever number of tries a run was stopped after, and however often.
TEST_F(RecurringRunTest, AResumedRunMakesTheSameDecisions) {
  ASSERT_THAT(Start("whole"), IsOk());
  const RunHistory whole = Saved("whole");
  ASSERT_THAT(Start("resumed"), IsOk());
  ASSERT_EQ(Saved("resumed").entries, whole.entries);
  for (const size_t kept : {size_t{0}, size_t{1}, size_t{3}, size_t{4}, whole.entries.size()}) {
    RunHistory part = whole;
    part.entries.resize(kept);
    ASSERT_THAT(WriteFileAtomically(Folder("resumed") / "history.json", ToText(part)), IsOk());
    // Profiles of attempts that are not recorded any more lie in the folder, and must not be used.
    std::filesystem::remove(folder_.path() / "made");
    ASSERT_THAT(Resume("resumed"), IsOk());
    EXPECT_EQ(Saved("resumed").entries, whole.entries) << kept;
    const std::string made = Content(folder_.path() / "made");
    EXPECT_EQ(static_cast<size_t>(std::ranges::count(made, '\n')), whole.entries.size() - kept);
  }
}

TEST_F(RecurringRunTest, MoreRecurrencesThanBefore) {
  options_.recurrences = 12;
  ASSERT_THAT(Start("whole"), IsOk());
  options_.recurrences = 5;
  ASSERT_THAT(Start(), IsOk());
  options_.recurrences = 12;
  ASSERT_THAT(Resume(), IsOk());
  EXPECT_EQ(Saved(), Saved("whole"));
  options_.recurrences = 11;
  EXPECT_THAT(Resume(), IsError(ErrorCode::kInvalidArgument, "has 12 recurrences already, and 11 are wanted"));
}

TEST_F(RecurringRunTest, AFailedTryLosesItselfAlone) {
  ASSERT_THAT(Start("whole"), IsOk());
  ::setenv("BREAK", "test $ZEUS_JOB_ID != rec03+try02 || exit 9", 1);
  EXPECT_THAT(Start(), IsError(ErrorCode::kUnavailable, "rec03+try02: the command ended with exit code 9"));
  EXPECT_THAT(Saved().entries, SizeIs(3));
  EXPECT_THAT(Resume(), IsError(ErrorCode::kUnavailable, "rec03+try02: the command ended with exit code 9"));
  ::unsetenv("BREAK");
  EXPECT_EQ(Resume(), RunEnding::kAllRecurrences);
  EXPECT_EQ(Saved().entries, Saved("whole").entries);
}

TEST_F(RecurringRunTest, AnInterruptKeepsWhatIsThere) {
  const NotedSignals signals;
  options_.signals = &signals;
  options_.on_try_ended = [](const RunEntry& entry) {
    if (entry.job_id == "rec02+try01") ::raise(SIGINT);
  };
  EXPECT_EQ(Start(), RunEnding::kInterrupted);
  EXPECT_THAT(Saved().entries, SizeIs(2));
}

TEST_F(RecurringRunTest, ARunThatCannotReachItsTargetSaysSoAgain) {
  options_.identity.job.default_batch_size = 32;
  EXPECT_THAT(Start(), IsError(ErrorCode::kUnreachable, "the default batch size 32 did not reach"));
  EXPECT_THAT(Saved().entries, SizeIs(1));
  EXPECT_THAT(Resume(), IsError(ErrorCode::kUnreachable, "the default batch size 32 did not reach"));
  EXPECT_THAT(Saved().entries, SizeIs(1));
}

TEST_F(RecurringRunTest, AHistoryThatIsNotWhatWouldHaveBeenDone) {
  ASSERT_THAT(Start(), IsOk());
  const RunHistory good = Saved();
  const auto with = [&](const auto& change) {
    RunHistory changed = good;
    change(changed.entries);
    EXPECT_THAT(WriteFileAtomically(Folder() / "history.json", ToText(changed)), IsOk());
    return Resume();
  };
  EXPECT_THAT(with([](auto& entries) { entries[1].tried.batch_size = 32; }),
              IsError(ErrorCode::kInvalidData,
                      "history.json.entries[1]: recurrence 1, try 0 with batch size 32 is recorded, but this program "
                      "would have made recurrence 1, try 0 with batch size 8"));
  EXPECT_THAT(with([](auto& entries) { entries.erase(entries.begin()); }),
              IsError(ErrorCode::kInvalidData, "entries[0]: recurrence 1, try 0 with batch size 8 is recorded, but"));
  EXPECT_THAT(with([](auto& entries) { entries[3].profile = entries[0].profile; }),
              IsError(ErrorCode::kInvalidData,
                      "entries[3]: a profile is recorded, but this program would have trained at the known limit of "
                      "100 W"));
  ASSERT_THAT(WriteFileAtomically(Folder() / "history.json", "{"), IsOk());
  EXPECT_THAT(Resume(), IsError(ErrorCode::kInvalidData, "history.json"));
}

TEST_F(RecurringRunTest, OtherOptionsThanRecorded) {
  ASSERT_THAT(Start(), IsOk());
  options_.identity.eta = 1;
  EXPECT_THAT(Resume(), IsError(ErrorCode::kInvalidArgument, "the run that is to go on has eta 0.5, and not 1.0"));
}

TEST_F(RecurringRunTest, OptionsThatCannotBeLeaveNothingBehind) {
  const auto wrong = [&](const auto& change, ErrorCode code, const std::string& message) {
    const RecurringRunOptions before = options_;
    change(options_);
    EXPECT_THAT(Start(), IsError(code, message));
    EXPECT_FALSE(std::filesystem::exists(Folder()));
    options_ = before;
  };
  wrong([](auto& options) { options.identity.eta = 7; }, ErrorCode::kInvalidArgument, "eta");
  wrong([](auto& options) { options.identity.beta = 0; }, ErrorCode::kInvalidArgument, "beta");
  wrong([](auto& options) { options.identity.batch_sizes = {}; }, ErrorCode::kInvalidArgument, "");
  wrong([](auto& options) { options.identity.max_power = Watts(0); }, ErrorCode::kInvalidArgument, "");
  wrong([](auto& options) { options.recurrences = 0; }, ErrorCode::kInvalidArgument, "recurrences: 0: expected 1 or");
  wrong([](auto& options) { options.identity.power_policy = "x"; }, ErrorCode::kInvalidArgument, "\"x\"");
  for (const char* policy : {"grid", "oracle"}) {
    wrong([&](auto& options) { options.identity.batch_policy = policy; }, ErrorCode::kInvalidArgument,
          std::string("the policy \"") + policy +
              "\" chooses power limits by itself, but in training limits are found by profiling; such policies are for "
              "simulation");
  }
}

TEST_F(RecurringRunTest, APreviewTouchesNothing) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingCommand command, RecurringRun::Preview(Folder(), options_));
  EXPECT_THAT(command.arguments, ElementsAre("bash", "-c", kTraining, "16", "1"));
  EXPECT_EQ(command.environment.at("ZEUS_JOB_ID"), "rec01+try01");
  EXPECT_EQ(command.environment.at("ZEUS_LOG_DIR"), Folder().string());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

// As a full disk does: what the training itself writes is small enough, the history is not.
TEST_F(RecurringRunTest, ADiskThatIsFullLosesNothingLearned) {
  ASSERT_THAT(Start("whole"), IsOk());
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  options_.on_try = [&](const TryRequest& request) {
    if (request.recurrence != 2 || request.attempt != 1) return;
    rlimit small = before;
    small.rlim_cur = std::filesystem::file_size(Folder() / "history.json") + 10;
    ::setrlimit(RLIMIT_FSIZE, &small);
  };
  const Result<RunEnding> full = Start();
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  EXPECT_THAT(full, IsError(ErrorCode::kUnavailable, "history.json: cannot write: File too large"));
  EXPECT_THAT(Saved().entries, SizeIs(3));
  options_.on_try = nullptr;
  EXPECT_EQ(Resume(), RunEnding::kAllRecurrences);
  EXPECT_EQ(Saved().entries, Saved("whole").entries);
}

}  // namespace
}  // namespace zeus
