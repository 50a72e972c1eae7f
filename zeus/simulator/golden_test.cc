#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/number_text.h"
#include "zeus/simulator/cluster.h"
#include "zeus/simulator/single_job.h"
#include "zeus/simulator/trace_store.h"

// The published code's own results, entry by entry: the same decisions, energy and time within 1e-9.
namespace zeus {
namespace {

using testing::IsOk;
using testing::SharedFolder;

constexpr double kTolerance = 1e-9;

// Runs of one file: what is the same in all entries of a run ("v100,cifar100,0.5,2.0,1"), and its entries.
using GoldenRuns = std::map<std::string, History>;

std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

// Reads lines of `key_fields` fields that name the run, `number_fields` that number the entry in it, and the rest.
GoldenRuns ReadRuns(const std::string& file, size_t key_fields, size_t number_fields) {
  GoldenRuns runs;
  std::ifstream stream(SharedFolder() / "golden" / file);
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    if (line.ends_with('\r')) line.pop_back();
    const std::vector<std::string> fields = Split(line);
    std::string key;
    for (size_t i = 0; i < key_fields; ++i) key.append(i > 0 ? "," : "").append(fields.at(i));
    const size_t values = key_fields + number_fields;
    HistoryEntry entry{.recurrence = *ParseInteger(fields.at(key_fields)),
                       .attempt = number_fields > 1 ? static_cast<int>(*ParseInteger(fields.at(key_fields + 1))) : 0,
                       .batch_size = *ParseInteger(fields.at(values)),
                       .power_limit = Watts(*ParseDouble(fields.at(values + 1))),
                       .energy = Joules(*ParseDouble(fields.at(values + 2))),
                       .time = Seconds(*ParseDouble(fields.at(values + 3))),
                       .reached = fields.at(values + 4) == "1"};
    runs[key].push_back(entry);
  }
  return runs;
}

std::string Describe(const HistoryEntry& entry) {
  return fmt::format("batch size {} at {} W, {} J, {} s, {}", entry.batch_size, entry.power_limit.value(),
                     entry.energy.value(), entry.time.value(), entry.reached ? "reached" : "not reached");
}

bool Close(double found, double expected) {
  return std::abs(found - expected) <= kTolerance * std::abs(expected);
}

// Where the histories first differ; empty when they agree.
std::string FirstDifference(const History& found, const History& expected, bool numbered) {
  for (size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    const HistoryEntry& f = found[i];
    const HistoryEntry& e = expected[i];
    const bool same_number = !numbered || (f.recurrence == e.recurrence && f.attempt == e.attempt);
    if (same_number && f.batch_size == e.batch_size && f.power_limit == e.power_limit && f.reached == e.reached &&
        Close(f.energy.value(), e.energy.value()) && Close(f.time.value(), e.time.value())) {
      continue;
    }
    return fmt::format("entry {}: found {}; expected {}", i, Describe(f), Describe(e));
  }
  if (found.size() == expected.size()) return {};
  return fmt::format("found {} entries, expected {}", found.size(), expected.size());
}

size_t CountEntries(const GoldenRuns& runs) {
  size_t count = 0;
  for (const auto& [key, history] : runs) count += history.size();
  return count;
}

TEST(GoldenTest, EverySingleJob) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  const GoldenRuns runs = ReadRuns("single_job.csv", 5, 2);
  ASSERT_EQ(CountEntries(runs), 22462);
  ZEUS_ASSERT_OK_AND_ASSIGN(TraceStore store, TraceStore::Open(SharedFolder() / "traces"));
  for (const auto& [key, expected] : runs) {
    const std::vector<std::string> fields = Split(key);
    ZEUS_ASSERT_OK_AND_ASSIGN(const JoinedTrace* const joined, store.ForGpu(fields[0]));
    ZEUS_ASSERT_OK_AND_ASSIGN(const JobIdentity job, store.Workload(fields[1], *joined));
    ZEUS_ASSERT_OK_AND_ASSIGN(const JobTrace trace, joined->Select(job));
    const SimulationOptions options{
        .eta = *ParseDouble(fields[2]), .beta = *ParseDouble(fields[3]), .seed = *ParseUnsigned(fields[4])};
    ZEUS_ASSERT_OK_AND_ASSIGN(SingleJobSimulation simulation, SingleJobSimulation::Create(trace, options));
    ASSERT_THAT(simulation.RunUntil(trace.DefaultRecurrences()), IsOk()) << key;
    ASSERT_EQ(FirstDifference(simulation.history(), expected, true), "") << key;
  }
}

// The groups of either form of the file, on both GPUs.
void ExpectGoldenClusters(const std::string& groups_file) {
  const GoldenRuns runs = ReadRuns("cluster_golden.csv", 5, 1);
  ASSERT_EQ(CountEntries(runs), 1709);
  ZEUS_ASSERT_OK_AND_ASSIGN(TraceStore store, TraceStore::Open(SharedFolder() / "traces"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<ClusterGroup> groups,
                            ReadClusterGroups(SharedFolder() / "golden" / groups_file));
  ASSERT_EQ(runs.size(), 2 * groups.size());
  for (const std::string gpu : {"v100", "a40"}) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const JoinedTrace* const joined, store.ForGpu(gpu));
    for (const ClusterGroup& group : groups) {
      const std::string key = fmt::format("{},0.5,2.0,{},{}", gpu, group.name, group.dataset);
      ASSERT_TRUE(runs.contains(key)) << key;
      ZEUS_ASSERT_OK_AND_ASSIGN(const JobIdentity job, store.Workload(group.dataset, *joined));
      ZEUS_ASSERT_OK_AND_ASSIGN(const JobTrace trace, joined->Select(job));
      ZEUS_ASSERT_OK_AND_ASSIGN(const GroupResult result, SimulateGroup(group, trace, {}));
      ASSERT_EQ(FirstDifference(result.history, runs.at(key), false), "") << key;
    }
  }
}

TEST(GoldenTest, EveryClusterGroup) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  ExpectGoldenClusters("cluster_groups.csv");
}

TEST(GoldenTest, EveryClusterGroupFromXz) {
  ZEUS_SKIP_WITHOUT_SHARED_FOLDER();
  ExpectGoldenClusters("cluster_groups.csv.xz");
}

}  // namespace
}  // namespace zeus
