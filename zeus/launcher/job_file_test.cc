#include "zeus/launcher/job_file.h"

#include <gmock/gmock.h>

#include <limits>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;

constexpr std::string_view kJob =
    "dataset = \"cifar100\"\n"                                                                   // 1
    "network = \"shufflenetv2\"\n"                                                               // 2
    "optimizer = \"adadelta\"\n"                                                                 // 3
    "target_metric = 0.6\n"                                                                      // 4
    "max_epochs = 100\n"                                                                         // 5
    "default_batch_size = 1024\n"                                                                // 6
    "default_learning_rate = 0.1\n"                                                              // 7
    "batch_sizes = [512, 1024, 256]\n"                                                           // 8
    "command = [\"python\", \"train.py\", \"--bs\", \"{bs}\", \"--lr\", \"{learning_rate}\"]\n"  // 9
    ;

Result<JobFile> Parse(std::string_view text) {
  return ParseJobFile(text, "job.toml", "/jobs/pictures");
}

// The job with a line replaced, or added where it has none for that key.
Result<JobFile> With(std::string_view key, std::string_view line) {
  std::string text(kJob);
  const size_t begin = text.find(std::string(key) + " = ");
  if (begin == std::string::npos) {
    text += line;
  } else {
    text.replace(begin, text.find('\n', begin) - begin, line);
  }
  return Parse(text);
}

TEST(JobFile, ReadsAJob) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobFile file, Parse(kJob));
  EXPECT_EQ(file.job.identity, (JobIdentity{.workload = {"cifar100", "shufflenetv2", "adadelta"},
                                            .target_metric = 0.6,
                                            .max_epochs = 100,
                                            .default_batch_size = 1024,
                                            .default_learning_rate = 0.1,
                                            .workdir = "/jobs/pictures"}));
  EXPECT_THAT(file.batch_sizes, ElementsAre(256, 512, 1024));
  EXPECT_THAT(file.job.command, ElementsAre("python", "train.py", "--bs", "{bs}", "--lr", "{learning_rate}"));
  EXPECT_EQ(file.run.recurrences, std::nullopt);
  EXPECT_EQ(file.run.observer, std::nullopt);
}

TEST(JobFile, ReadsHowToRunIt) {
  ZEUS_ASSERT_OK_AND_ASSIGN(
      const JobFile file,
      Parse(std::string(kJob) + "[run]\nrecurrences = 20\neta = 1\nbeta = inf\nseed = 7\nbatch_policy = \"thompson\"\n"
                                "observer = true\nprofile = [5, 20]\ntimeout = 1.5\nwindow = 3\n"));
  EXPECT_EQ(file.run.recurrences, 20);
  EXPECT_EQ(file.run.eta, 1);
  EXPECT_EQ(file.run.beta, std::numeric_limits<double>::infinity());
  EXPECT_EQ(file.run.seed, 7U);
  EXPECT_EQ(file.run.batch_policy, "thompson");
  EXPECT_EQ(file.run.observer, ObserverMode::kOn);
  EXPECT_EQ(file.run.profile, (ProfileWindow{.warmup = 5, .measure = 20}));
  EXPECT_EQ(file.run.timeout, Seconds(1.5));
  EXPECT_EQ(file.run.window, 3U);
}

TEST(JobFile, TheWorkdirIsRelativeToTheFile) {
  EXPECT_EQ(With("workdir", "workdir = \"../code/\"\n")->job.identity.workdir, "/jobs/code");
  EXPECT_EQ(With("workdir", "workdir = \"/elsewhere\"\n")->job.identity.workdir, "/elsewhere");
  EXPECT_EQ(With("workdir", "workdir = \"/\"\n")->job.identity.workdir, "/");
}

TEST(JobFile, AFileOnDisk) {
  const testing::TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(const JobFile file, ReadJobFile(folder.Write("job.toml", kJob)));
  EXPECT_EQ(file.job.identity.workdir, folder.path().string());
  EXPECT_THAT(ReadJobFile(folder.path() / "absent.toml"), IsError(ErrorCode::kNotFound, "absent.toml: cannot open"));
}

TEST(JobFile, AKeyThatIsMissing) {
  for (const char* key : {"dataset", "network", "optimizer", "target_metric", "max_epochs", "default_batch_size",
                          "batch_sizes", "command"}) {
    EXPECT_THAT(With(key, ""), IsError(ErrorCode::kInvalidData, std::string("job.toml: ") + key + ": is missing"));
  }
  EXPECT_THAT(With("default_learning_rate", ""),
              IsError(ErrorCode::kInvalidData,
                      "job.toml:9:11: command: the command asks for {learning_rate}, but the job has no default"));
}

TEST(JobFile, AWrongTypeNamesTheFieldAndWhatWasExpected) {
  const auto wrong = [](std::string_view key, std::string_view value, const std::string& message) {
    EXPECT_THAT(With(key, std::string(key) + " = " + std::string(value)), IsError(ErrorCode::kInvalidData, message));
  };
  wrong("dataset", "3", "job.toml:1:11: dataset: expected a text that is not empty, found a whole number");
  wrong("dataset", "\"\"", "job.toml:1:11: dataset: expected a text that is not empty, found an empty text");
  wrong("target_metric", "\"0.6\"", "job.toml:4:17: target_metric: expected a number, found a text");
  wrong("target_metric", "nan", "job.toml:4:17: target_metric: expected a finite number");
  wrong("max_epochs", "1.5", "job.toml:5:14: max_epochs: expected a whole number, found a number with a decimal point");
  wrong("max_epochs", "0", "job.toml:5:14: max_epochs: expected a whole number from 1 on, found 0");
  wrong("default_batch_size", "true", "default_batch_size: expected a whole number, found true or false");
  wrong("default_learning_rate", "-1", "default_learning_rate: expected a number above 0");
  wrong("batch_sizes", "1024", "job.toml:8:15: batch_sizes: expected a list of whole numbers, found a whole number");
  wrong("batch_sizes", "[1024, \"x\"]", "job.toml:8:22: batch_sizes: expected a whole number, found a text");
  wrong("command", "\"python train.py\"", "job.toml:9:11: command: expected a list of texts, found a text");
  wrong("command", "[\"python\", 3]", "job.toml:9:22: command: expected a list of texts, found a whole number");
  wrong("workdir", "1979-05-27", "workdir: expected a text that is not empty, found a date or time");
}

TEST(JobFile, BatchSizesThatCannotBe) {
  EXPECT_THAT(With("batch_sizes", "batch_sizes = [256, 512]"),
              IsError(ErrorCode::kInvalidData, "job.toml:8:15: batch_sizes: the default batch size 1024 is not among"));
  EXPECT_THAT(With("batch_sizes", "batch_sizes = [1024, 1024]"), IsError(ErrorCode::kInvalidData, "batch_sizes: "));
  EXPECT_THAT(With("batch_sizes", "batch_sizes = []"), IsError(ErrorCode::kInvalidData, "batch_sizes: "));
  EXPECT_THAT(With("batch_sizes", "batch_sizes = [1024, 0]"),
              IsError(ErrorCode::kInvalidData, "batch_sizes: expected a whole number from 1 on, found 0"));
}

TEST(JobFile, ACommandThatCannotBe) {
  EXPECT_THAT(With("command", "command = []"), IsError(ErrorCode::kInvalidData, "command: expected a program and"));
  EXPECT_THAT(With("command", "command = [\"\"]"), IsError(ErrorCode::kInvalidData, "command: expected a program and"));
  EXPECT_THAT(With("command", "command = [\"a\", \"b\\u0000c\"]"),
              IsError(ErrorCode::kInvalidData, "command: an argument holds a NUL byte"));
}

TEST(JobFile, AnOptimizerWithoutALearningRateRule) {
  EXPECT_THAT(With("optimizer", "optimizer = \"lamb\""),
              IsError(ErrorCode::kInvalidData,
                      "job.toml:9:11: command: no rule scales the learning rate of optimizer \"lamb\": expected sgd"));
  // Who does not ask for a learning rate needs no rule.
  std::string text(kJob);
  text.replace(text.find("\"{learning_rate}\""), 17, "\"0.1\"");
  text.replace(text.find("adadelta"), 8, "lamb");
  EXPECT_THAT(Parse(text), IsOk());
}

TEST(JobFile, UnknownKeys) {
  EXPECT_THAT(
      With("batchsize", "batchsize = 3\n"),
      IsError(ErrorCode::kInvalidData, "job.toml:10:1: batchsize: there is no such key; there are: batch_sizes"));
  EXPECT_THAT(Parse(std::string(kJob) + "[run]\neta = 1\nrecurrence = 3\n"),
              IsError(ErrorCode::kInvalidData,
                      "job.toml:12:1: run.recurrence: there is no such key; there are: "
                      "batch_policy, beta, eta, observer, profile, recurrences, seed, timeout, "
                      "window"));
}

TEST(JobFile, RunSettingsThatCannotBe) {
  const auto wrong = [](std::string_view line, const std::string& message) {
    EXPECT_THAT(Parse(std::string(kJob) + "[run]\n" + std::string(line) + "\n"),
                IsError(ErrorCode::kInvalidData, message));
  };
  wrong("recurrences = 0", "job.toml:11:15: run.recurrences: expected a whole number from 1 on, found 0");
  wrong("eta = 1.5", "job.toml:11:7: run.eta: ");
  wrong("eta = nan", "run.eta: ");
  wrong("beta = 0", "job.toml:11:8: run.beta: ");
  wrong("seed = -1", "run.seed: expected a whole number from 0 on, found -1");
  wrong("observer = 1", "run.observer: expected true or false, found a whole number");
  wrong("profile = [10]", "run.profile: expected two counts of batches: [warm-up, measured]");
  wrong("profile = [0, 40]", "run.profile: expected a whole number from 1 on, found 0");
  wrong("timeout = 0", "run.timeout: expected seconds above 0");
  wrong("timeout = inf", "run.timeout: expected seconds above 0");
  EXPECT_THAT(With("run", "run = 3\n"),
              IsError(ErrorCode::kInvalidData, "run: expected a table, begun by [run], found"));
}

TEST(JobFile, TextThatIsNoToml) {
  EXPECT_THAT(Parse("dataset = \n"), IsError(ErrorCode::kInvalidData, "job.toml:1:"));
  EXPECT_THAT(Parse("a = 1\na = 2\n"), IsError(ErrorCode::kInvalidData, "job.toml:2:"));
  EXPECT_THAT(Parse(""), IsError(ErrorCode::kInvalidData, "job.toml: dataset: is missing"));
}

TEST(JobFile, LettersBeyondAscii) {
  EXPECT_THAT(Parse("# fine\ndataset = \"caf\xc3\xa9\"\n"),
              IsError(ErrorCode::kInvalidData, "job.toml:2:15: expected ASCII alone"));
  EXPECT_EQ(With("dataset", "dataset = \"caf\\u00e9\"")->job.identity.workload.dataset, "caf\xc3\xa9");
}

}  // namespace
}  // namespace zeus
