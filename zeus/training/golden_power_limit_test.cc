// The optimizer on logs of energy windows from real training runs: it opens the windows that the published package
// opened, in its order, whatever epochs end meanwhile, and chooses what the logs' own numbers say.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/replayed_gpus.h"
#include "tests/support/result_matchers.h"
#include "zeus/training/just_in_time_profile.h"
#include "zeus/training/power_limit_optimizer.h"

namespace zeus {
namespace {

using ::testing::ElementsAreArray;
using ::testing::Gt;
using testing::IsOk;
using testing::ReplayedGpus;
using ::testing::SizeIs;

constexpr const char* kPrefix = "__GlobalPowerLimitOptimizer_";

// What a log says, read without the library's own reader.
struct Row {
  std::string window;
  double limit = 0;
  double energy = 0;  // Of all its GPUs.
  double time = 0;
};
struct Log {
  std::string name;
  std::string text;
  std::vector<Row> rows;
  int64_t gpus = 0;

  [[nodiscard]] PowerLimitRange range() const {
    return {Watts(rows.back().limit), Watts(rows.front().limit), Watts(rows.front().limit)};
  }
  [[nodiscard]] double step() const { return rows[0].limit - rows[1].limit; }
  [[nodiscard]] ReplayedGpus Replay() const { return {WindowLogReplay::FromText(text, name).value(), range()}; }
};

std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

Log Read(const std::filesystem::path& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  Log log{.name = path.filename().string(), .text = content.str(), .rows = {}};
  std::istringstream lines(log.text);
  std::string line;
  std::getline(lines, line);
  for (const std::string& column : Split(line)) log.gpus += column.starts_with("gpu") ? 1 : 0;
  while (std::getline(lines, line)) {
    const std::vector<std::string> fields = Split(line);
    Row row{.window = fields.at(1), .time = std::stod(fields.at(2))};
    row.limit = std::stod(row.window.substr(std::string(kPrefix).size()));
    for (size_t i = 3; i < fields.size(); ++i) row.energy += std::stod(fields[i]);
    log.rows.push_back(row);
  }
  return log;
}

std::vector<Log> AllLogs() {
  std::vector<Log> logs;
  const std::filesystem::path folder = testing::SharedFolder() / "golden" / "power_limit_profiles";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".csv") logs.push_back(Read(entry.path()));
  }
  std::ranges::sort(logs, {}, &Log::name);
  return logs;
}

Result<std::unique_ptr<PowerLimitOptimizer>> Create(const Log& log, ReplayedGpus& gpus, const ProfileWindow& window,
                                                    int64_t wait, PowerLimitSelector selector = SelectLeastTime()) {
  return PowerLimitOptimizer::Create(gpus, ProcessGroup::Alone(),
                                     {.selector = std::move(selector),
                                      .wait_steps = wait,
                                      .warmup_steps = window.warmup,
                                      .profile_steps = window.measure,
                                      .step = Watts(log.step())});
}

// Runs `steps` steps, or to the end; returns how many there were.
int64_t RunSteps(PowerLimitOptimizer& optimizer, int64_t steps = 1'000'000) {
  for (int64_t i = 0; i < steps; ++i) {
    if (optimizer.done()) return i;
    const Result<void> result = optimizer.OnStepBegin();
    if (!result) {
      ADD_FAILURE() << result.error().message;
      return -1;
    }
  }
  return steps;
}

// What an epoch's end at a step does, counted by hand.
class Bookkeeping {
 public:
  Bookkeeping(const Log& log, const ProfileWindow& window, int64_t wait) : log_(log), window_(window), next_set_(wait) {
    Set(log.rows.front().limit);
  }

  void Step() {
    if (done()) return;
    if (step_ >= next_set_ && (step_ - next_set_) == window_.warmup + window_.measure) {
      ++limit_;
      next_set_ = step_;
      if (done()) return;
    }
    if (step_ == next_set_) Set(log_.rows[limit_].limit);
    if (step_ == next_set_ + window_.warmup) opened_.push_back(log_.rows[limit_].window);
    ++step_;
  }
  void EpochEnd() {
    if (done() || step_ <= next_set_) return;
    Set(log_.rows.front().limit);
    next_set_ = step_;
  }

  [[nodiscard]] bool done() const { return limit_ == log_.rows.size(); }
  [[nodiscard]] const std::vector<Watts>& limits_set() const { return limits_set_; }
  [[nodiscard]] const std::vector<std::string>& opened() const { return opened_; }

 private:
  void Set(double limit) {
    if (limits_set_.empty() || limits_set_.back() != Watts(limit)) limits_set_.emplace_back(limit);
  }

  const Log& log_;
  const ProfileWindow window_;
  int64_t next_set_;  // The step that set the limit, or is to.
  int64_t step_ = 0;
  size_t limit_ = 0;
  std::vector<Watts> limits_set_;
  std::vector<std::string> opened_;
};

std::vector<std::string> NamesOf(const std::vector<ReplayedGpus::Window>& windows) {
  std::vector<std::string> names;
  for (const ReplayedGpus::Window& window : windows) names.push_back(window.name);
  return names;
}

// A run in which an epoch ends before each of these steps, beside the same by hand. To the end of both.
void ExpectAsByHand(const Log& log, const ProfileWindow& window, int64_t wait, const std::vector<int64_t>& ends) {
  ReplayedGpus gpus = log.Replay();
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(log, gpus, window, wait));
  Bookkeeping by_hand(log, window, wait);
  auto end = ends.begin();
  for (int64_t step = 0; !optimizer->done() || !by_hand.done(); ++step) {
    for (; end != ends.end() && *end == step; ++end) {
      const bool profiling = optimizer->measurements().size() < log.rows.size();
      ASSERT_THAT(optimizer->OnEpochEnd(), IsOk());
      by_hand.EpochEnd();
      ASSERT_EQ(gpus.open_windows(), 0);
      if (profiling) {
        ASSERT_EQ(gpus.limit(), Watts(log.rows.front().limit));
      }
    }
    ASSERT_THAT(optimizer->OnStepBegin(), IsOk());
    by_hand.Step();
    ASSERT_EQ(optimizer->done(), by_hand.done()) << "after step " << step;
  }
  std::vector<Watts> limits = by_hand.limits_set();
  if (limits.back() != *optimizer->chosen_limit()) limits.push_back(*optimizer->chosen_limit());
  ASSERT_EQ(gpus.limits_set(), limits);
  ASSERT_EQ(NamesOf(gpus.opened()), by_hand.opened());
  for (const auto& [name, limit] : gpus.opened()) ASSERT_EQ(name, kPrefix + fmt::format("{}", limit->value()));
  ASSERT_EQ(gpus.rows_left(), 0U);
  ASSERT_EQ(optimizer->measurements().size(), log.rows.size());
  for (size_t i = 0; i < log.rows.size(); ++i) {
    const PowerLimitMeasurement expected{Watts(log.rows[i].limit), Joules(log.rows[i].energy),
                                         Seconds(log.rows[i].time)};
    ASSERT_EQ(optimizer->measurements()[i], expected) << log.rows[i].window;
  }
}

class GoldenPowerLimitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(testing::SharedFolder() / "golden" / "power_limit_profiles")) {
      GTEST_SKIP() << "no logs of real runs in " << testing::SharedFolder() << "; set ZEUS_SHARED_DIR";
    }
    logs_ = AllLogs();
    ASSERT_THAT(logs_, SizeIs(Gt(0U)));
    for (const Log& log : logs_) {
      ASSERT_THAT(log.rows, SizeIs(Gt(1U))) << log.name;
      ASSERT_GT(log.gpus, 0) << log.name;
    }
  }

  std::vector<Log> logs_;
};

constexpr ProfileWindow kPublished{.warmup = 10, .measure = 40};

TEST_F(GoldenPowerLimitTest, EveryLogsWindowsInItsOrder) {
  for (const Log& log : logs_) {
    SCOPED_TRACE(log.name);
    ReplayedGpus gpus = log.Replay();
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(log, gpus, kPublished, 1));
    EXPECT_EQ(RunSteps(*optimizer), 1 + 1 + static_cast<int64_t>(log.rows.size()) * (10 + 40));
    EXPECT_EQ(gpus.rows_left(), 0U);
    std::vector<Watts> expected;
    std::vector<std::string> names;
    for (const Row& row : log.rows) {
      expected.emplace_back(row.limit);
      names.push_back(row.window);
    }
    EXPECT_THAT(NamesOf(gpus.opened()), ElementsAreArray(names));
    if (expected.back() != *optimizer->chosen_limit()) expected.push_back(*optimizer->chosen_limit());
    EXPECT_THAT(gpus.limits_set(), ElementsAreArray(expected));
    if (!log.name.starts_with("A40+")) continue;
    const std::vector<double> of_the_a40 = {300, 275, 250, 225, 200, 175, 150, 125, 100};
    for (size_t i = 0; i < of_the_a40.size(); ++i) EXPECT_EQ(gpus.limits_set().at(i), Watts(of_the_a40[i]));
  }
}

TEST_F(GoldenPowerLimitTest, AnEpochThatEndsAtAnyStep) {
  for (const Log& log : logs_) {
    SCOPED_TRACE(log.name);
    const int64_t steps = 2 + static_cast<int64_t>(log.rows.size()) * (10 + 40);
    for (int64_t end = 0; end < steps; ++end) {
      ExpectAsByHand(log, kPublished, 1, {end});
      ASSERT_FALSE(HasFailure()) << "an epoch ended before step " << end;
    }
  }
}

TEST_F(GoldenPowerLimitTest, TwoEpochsThatEndAtAnySteps) {
  const ProfileWindow window{.warmup = 1, .measure = 2};
  for (const Log& log : logs_) {
    SCOPED_TRACE(log.name);
    const int64_t steps = 3 + static_cast<int64_t>(log.rows.size()) * 3;
    for (int64_t first = 0; first < steps; ++first) {
      for (int64_t second = first; second < steps + 4; ++second) {
        ExpectAsByHand(log, window, 2, {first, second});
        ASSERT_FALSE(HasFailure()) << "epochs ended before steps " << first << " and " << second;
      }
    }
  }
}

TEST_F(GoldenPowerLimitTest, EpochsOfEveryLengthThatIsLongEnough) {
  for (const Log& log : logs_) {
    SCOPED_TRACE(log.name);
    for (int64_t length = 10 + 40 + 1; length < 200; ++length) {
      std::vector<int64_t> ends;
      for (int64_t end = length; end < 2000; end += length) ends.push_back(end);
      ExpectAsByHand(log, kPublished, 1, ends);
      ASSERT_FALSE(HasFailure()) << "epochs of " << length << " steps";
    }
  }
}

TEST_F(GoldenPowerLimitTest, EpochsTooShortForAWindowMeasureNothingAndUseUpNoRow) {
  for (const Log& log : logs_) {
    ReplayedGpus gpus = log.Replay();
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(log, gpus, kPublished, 1));
    for (int epoch = 0; epoch < 20; ++epoch) {
      EXPECT_EQ(RunSteps(*optimizer, 10 + 40), 50);
      ASSERT_THAT(optimizer->OnEpochEnd(), IsOk());
    }
    EXPECT_EQ(gpus.rows_left(), log.rows.size()) << log.name;
    EXPECT_EQ(gpus.opened().size(), 20U);
    RunSteps(*optimizer);
    EXPECT_EQ(gpus.rows_left(), 0U) << log.name;
  }
}

// The limit that is best by a figure of its row; the first of equals.
template <class Figure>
double Best(const Log& log, Figure figure) {
  const Row* best = nullptr;
  for (const Row& row : log.rows) {
    if (best == nullptr || figure(row) < figure(*best)) best = &row;
  }
  return best->limit;
}

double LowestWithin(const Log& log, double factor) {
  double lowest = log.rows.front().limit;
  for (const Row& row : log.rows) {
    if (row.time <= factor * log.rows.front().time) lowest = std::min(lowest, row.limit);
  }
  return lowest;
}

TEST_F(GoldenPowerLimitTest, EverySelectorChoosesWhatTheNumbersSay) {
  std::map<std::string, std::set<double>> chosen;  // A selector that always says the same would prove little.
  for (const Log& log : logs_) {
    const auto expect = [&](const std::string& kind, const Result<PowerLimitSelector>& selector, double limit,
                            const std::string& parameters = "") {
      SCOPED_TRACE(log.name + ": " + kind + " " + parameters);
      ASSERT_THAT(selector, IsOk());
      ReplayedGpus gpus = log.Replay();
      ZEUS_ASSERT_OK_AND_ASSIGN(const auto optimizer, Create(log, gpus, {.warmup = 0, .measure = 1}, 0, *selector));
      RunSteps(*optimizer);
      EXPECT_EQ(optimizer->chosen_limit(), Watts(limit));
      EXPECT_EQ(gpus.limit(), Watts(limit));
      chosen[kind].insert(limit);
    };
    expect("energy", SelectLeastEnergy(), Best(log, [](const Row& row) { return row.energy; }));
    expect("time", SelectLeastTime(), Best(log, [](const Row& row) { return row.time; }));
    for (const double eta : {0.0, 0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 0.9, 0.95, 1.0}) {
      for (const int64_t gpus : {log.gpus, int64_t{1}, int64_t{4}}) {
        const double max_power = log.rows.front().limit * static_cast<double>(gpus);
        const double limit =
            Best(log, [&](const Row& row) { return eta * row.energy + (1 - eta) * max_power * row.time; });
        expect("cost", SelectLeastCost(eta, gpus), limit, fmt::format("eta {}, {} GPUs", eta, gpus));
      }
    }
    for (const double factor : {1.0, 1.01, 1.02, 1.05, 1.1, 1.2, 1.25, 1.5, 2.0, 3.0, 10.0}) {
      expect("slowdown", SelectLowestWithin(factor), LowestWithin(log, factor), fmt::format("{}", factor));
    }
    const double max_power = log.rows.front().limit * static_cast<double>(log.gpus);
    expect("default", PowerLimitSelector(),
           Best(log, [&](const Row& row) { return 0.5 * row.energy + (1 - 0.5) * max_power * row.time; }));
  }
  for (const char* kind : {"energy", "time", "cost", "slowdown"}) EXPECT_THAT(chosen[kind], SizeIs(Gt(1U))) << kind;
}

// A session's profiling has another loop around it and the same limits, in steps of 25 W, below it.
TEST_F(GoldenPowerLimitTest, ASessionProfilesTheSameLimitsWhereverAnEpochEnds) {
  constexpr int64_t kBatches = 1000;
  const testing::TemporaryFolder folder;
  for (const Log& log : logs_) {
    if (log.step() != 25) continue;
    const int64_t batches = static_cast<int64_t>(log.rows.size()) * (10 + 40);
    const double max_power = log.rows.front().limit * static_cast<double>(log.gpus);
    for (int64_t end = 0; end <= batches; ++end) {
      SCOPED_TRACE(fmt::format("{}, an epoch ended after {} batches", log.name, end));
      ReplayedGpus gpus(WindowLogReplay::FromText(log.text, log.name, NameMatch::kIgnored).value(), log.range());
      const CostMetric metric = CostMetric::Create(0.5, Watts(max_power)).value();
      ZEUS_ASSERT_OK_AND_ASSIGN(const auto profile, JustInTimeProfile::Create(gpus, {.profile_window = kPublished},
                                                                              metric, folder.path() / "none.json"));
      ASSERT_THAT(profile->BeginTraining(kBatches), IsOk());
      for (int64_t batch = 0; profile->running(); ++batch) {
        ASSERT_LT(batch, 2 * kBatches);
        if (batch == end) {
          ASSERT_THAT(profile->EndTraining(), IsOk());
          ASSERT_EQ(gpus.open_windows(), 0);
          ASSERT_EQ(gpus.limit(), Watts(log.rows.front().limit));
          ASSERT_THAT(profile->BeginTraining(kBatches), IsOk());
        }
        ASSERT_THAT(profile->OnBatch(kBatches - 1 - batch % kBatches), IsOk());
      }
      // The windows' limits, one that was measured anew counting once.
      std::vector<Watts> measured;
      for (const ReplayedGpus::Window& window : gpus.opened()) {
        if (measured.empty() || measured.back() != *window.limit) measured.push_back(*window.limit);
      }
      std::vector<Watts> expected;
      for (const Row& row : log.rows) expected.emplace_back(row.limit);
      ASSERT_EQ(measured, expected);
      ASSERT_EQ(gpus.rows_left(), 0U);
      const double best = Best(log, [&](const Row& row) { return 0.5 * row.energy + 0.5 * max_power * row.time; });
      ASSERT_EQ(profile->optimal_limit(), Watts(best));
      ASSERT_EQ(gpus.limit(), Watts(best));
    }
  }
}

}  // namespace
}  // namespace zeus
