#include "zeus/training/session_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;

Result<SessionOptions> From(const std::map<std::string, std::string>& variables) {
  return SessionOptions::FromEnvironment([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(SessionOptionsTest, DefaultsAreThePublishedPackages) {
  const SessionOptions options = From({{"ZEUS_TARGET_METRIC", "0.5"}}).value();
  EXPECT_EQ(options.target_metric, 0.5);
  EXPECT_EQ(options.log_dir, "zeus_log");
  EXPECT_EQ(options.job_id, "zeus");
  EXPECT_TRUE(std::isinf(options.cost_threshold.value()));
  EXPECT_EQ(options.eta, 0.5);
  EXPECT_TRUE(options.monitor.empty());
  EXPECT_EQ(options.profile_window, (ProfileWindow{.warmup = 10, .measure = 40}));
  EXPECT_EQ(options.limit_use, LimitUse::kOptimal);
}

TEST(SessionOptionsTest, EveryVariableIsTaken) {
  const SessionOptions options = From({{"ZEUS_TARGET_METRIC", "-1e2"},
                                       {"ZEUS_LOG_DIR", "/tmp/logs"},
                                       {"ZEUS_JOB_ID", "rec01+try02"},
                                       {"ZEUS_COST_THRESH", "1234.5"},
                                       {"ZEUS_ETA_KNOB", "1"},
                                       {"ZEUS_MONITOR_PATH", "/bin/monitor"},
                                       {"ZEUS_PROFILE_PARAMS", "2,4"},
                                       {"ZEUS_USE_OPTIMAL_PL", "fAlSe"}})
                                     .value();
  EXPECT_EQ(options.target_metric, -100);
  EXPECT_EQ(options.log_dir, "/tmp/logs");
  EXPECT_EQ(options.job_id, "rec01+try02");
  EXPECT_EQ(options.cost_threshold, Joules(1234.5));
  EXPECT_EQ(options.eta, 1);
  EXPECT_EQ(options.monitor, "/bin/monitor");
  EXPECT_EQ(options.profile_window, (ProfileWindow{.warmup = 2, .measure = 4}));
  EXPECT_EQ(options.limit_use, LimitUse::kMaximum);
  EXPECT_TRUE(std::isinf(From({{"ZEUS_TARGET_METRIC", "1"}, {"ZEUS_COST_THRESH", "inf"}})->cost_threshold.value()));
}

TEST(SessionOptionsTest, TheTargetMustBeThere) {
  EXPECT_THAT(From({}), IsError(ErrorCode::kInvalidArgument, "ZEUS_TARGET_METRIC is missing"));
}

TEST(SessionOptionsTest, AStrangeValueIsNamedWithWhatWasExpected) {
  struct Case {
    const char* name;
    const char* value;
    const char* expected;
  };
  for (const Case& c : {Case{"ZEUS_TARGET_METRIC", "high", "expected a number, found \"high\""},
                        Case{"ZEUS_TARGET_METRIC", "nan", "expected a number, found \"nan\""},
                        Case{"ZEUS_LOG_DIR", "", "expected a folder, found \"\""},
                        Case{"ZEUS_JOB_ID", "a/b", "expected a name without \"/\", found \"a/b\""},
                        Case{"ZEUS_COST_THRESH", "0", "expected joules above 0, or inf, found \"0\""},
                        Case{"ZEUS_COST_THRESH", "nan", "expected joules above 0, or inf, found \"nan\""},
                        Case{"ZEUS_ETA_KNOB", "1.5", "expected a number from 0 to 1, found \"1.5\""},
                        Case{"ZEUS_PROFILE_PARAMS", "10", "such as 10,40, each 1 or more, found \"10\""},
                        Case{"ZEUS_PROFILE_PARAMS", "0,40", "such as 10,40, each 1 or more, found \"0,40\""},
                        Case{"ZEUS_PROFILE_PARAMS", "10,40,1", "such as 10,40, each 1 or more, found \"10,40,1\""},
                        Case{"ZEUS_USE_OPTIMAL_PL", "yes", "expected true or false, found \"yes\""}}) {
    std::map<std::string, std::string> variables{{"ZEUS_TARGET_METRIC", "1"}};
    variables[c.name] = c.value;
    const Result<SessionOptions> options = From(variables);
    EXPECT_THAT(options, IsError(ErrorCode::kInvalidArgument, c.expected));
    if (!options) {
      EXPECT_THAT(options.error().message, ::testing::StartsWith(c.name));
    }
  }
}

}  // namespace
}  // namespace zeus
