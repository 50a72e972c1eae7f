// Whatever a trace holds, writing and reading it gives the same: tried on many random traces.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <set>
#include <string>
#include <tuple>

#include "zeus/trace/cluster_groups.h"
#include "zeus/trace/power_trace.h"
#include "zeus/trace/train_trace.h"
#include "zeus/trace/xz.h"

namespace zeus {
namespace {

// Names that a CSV writer may get wrong: with commas, quotes, line breaks, blanks and letters of several bytes.
rc::Gen<std::string> Name() {
  const auto piece = rc::gen::element<std::string>("a", "b", ",", "\"", "\n", "\r", " ", "ö", "'", "#", ";");
  return rc::gen::map(rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(piece)),
                      [](const std::vector<std::string>& pieces) {
                        std::string name;
                        for (const std::string& each : pieces) name += each;
                        return name;
                      });
}

rc::Gen<double> Positive() {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange<int64_t>(1, 1000000000), rc::gen::inRange(-12, 13)),
                      [](const std::pair<int64_t, int>& parts) {
                        return std::ldexp(static_cast<double>(parts.first) / 3, parts.second);
                      });
}

// "" or what is wrong.
std::string FirstProblem(const Problems& problems) {
  return problems.empty() ? "" : ToText(problems.front());
}

TEST(TraceProperties, ATrainTraceReadsBack) {
  EXPECT_TRUE(rc::check([] {
    TrainTrace trace;
    const auto rows = *rc::gen::inRange(1, 20);
    for (int i = 0; i < rows; ++i) {
      TrainRow row;
      row.workload = trace.workloads.Intern(*Name(), *Name(), *Name());
      row.batch_size = *rc::gen::inRange<int64_t>(1, 5000);
      row.learning_rate = *Positive();
      row.run = i + 1;  // Makes each row another one.
      row.target_metric = *Positive() - *Positive();
      if (*rc::gen::arbitrary<bool>()) row.target_epoch = *rc::gen::inRange<int64_t>(1, 1000000);
      trace.rows.push_back(row);
    }
    const std::string text = ToCsv(trace);
    Problems problems;
    const TrainTrace read = ParseTrainTrace(text, "train.csv", &problems);
    RC_ASSERT(FirstProblem(problems) == "");
    RC_ASSERT(ToCsv(read) == text);
    RC_ASSERT(read.rows.size() == trace.rows.size());
    for (size_t i = 0; i < read.rows.size(); ++i) {
      const TrainRow& a = read.rows[i];
      const TrainRow& b = trace.rows[i];
      RC_ASSERT((read.workloads[a.workload] == trace.workloads[b.workload]));
      RC_ASSERT(std::tie(a.batch_size, a.learning_rate, a.run, a.target_metric) ==
                std::tie(b.batch_size, b.learning_rate, b.run, b.target_metric));
      RC_ASSERT((a.target_epoch == b.target_epoch));
    }
  }));
}

TEST(TraceProperties, APowerTraceReadsBack) {
  EXPECT_TRUE(rc::check([] {
    PowerTrace trace;
    const auto rows = *rc::gen::inRange(1, 20);
    for (int i = 0; i < rows; ++i) {
      PowerRow row;
      row.workload = trace.workloads.Intern(*Name(), *Name(), *Name());
      row.batch_size = i + 1;  // Makes each row another one.
      row.power_limit = Watts(*Positive());
      row.time_per_epoch = Seconds(*Positive());
      row.average_power = Watts(*Positive());
      trace.rows.push_back(row);
    }
    const std::string text = ToCsv(trace);
    Problems problems;
    const PowerTrace read = ParsePowerTrace(text, "power.csv", &problems);
    RC_ASSERT(FirstProblem(problems) == "");
    RC_ASSERT(ToCsv(read) == text);
    RC_ASSERT(read.rows.size() == trace.rows.size());
    for (size_t i = 0; i < read.rows.size(); ++i) {
      const PowerRow& a = read.rows[i];
      const PowerRow& b = trace.rows[i];
      RC_ASSERT((read.workloads[a.workload] == trace.workloads[b.workload]));
      RC_ASSERT((a.batch_size == b.batch_size && a.power_limit == b.power_limit &&
                 a.time_per_epoch == b.time_per_epoch && a.average_power == b.average_power));
    }
  }));
}

TEST(TraceProperties, ClusterGroupsReadBack) {
  EXPECT_TRUE(rc::check([] {
    std::vector<ClusterGroup> groups;
    const std::set<std::string> names = *rc::gen::nonEmpty(rc::gen::container<std::set<std::string>>(Name()));
    for (const std::string& name : names) {
      ClusterGroup& group = groups.emplace_back(ClusterGroup{.name = name, .dataset = *Name(), .submissions = {}});
      const auto count = *rc::gen::inRange(1, 6);
      Seconds start = Seconds(-*Positive());
      for (int i = 0; i < count; ++i) {
        start += Seconds(*Positive());
        group.submissions.push_back(
            {.start = start, .end = start + Seconds(*Positive()), .runtime_ratio = *Positive()});
      }
    }
    const std::string text = ToCsv(groups);
    Problems problems;
    const std::vector<ClusterGroup> read = ParseClusterGroups(text, "groups.csv", &problems);
    RC_ASSERT(FirstProblem(problems) == "");
    RC_ASSERT(ToCsv(read) == text);
    RC_ASSERT(read.size() == groups.size());
    for (size_t i = 0; i < read.size(); ++i) {
      RC_ASSERT(read[i].name == groups[i].name);
      RC_ASSERT(read[i].dataset == groups[i].dataset);
      RC_ASSERT(read[i].submissions.size() == groups[i].submissions.size());
    }
  }));
}

TEST(TraceProperties, XzGivesBackWhatItTook) {
  EXPECT_TRUE(rc::check([](const std::string& content) {
    const Result<std::string> compressed = CompressXz(content);
    RC_ASSERT(compressed.has_value());
    const Result<std::string> again = DecompressXz(*compressed, "file.xz", content.size());
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == content);
  }));
}

// No text, however strange, makes a reader do anything but report; what it calls good it can write and read again.
TEST(TraceProperties, AnyTextIsReadOrReported) {
  const std::string header = "dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power\n";
  EXPECT_TRUE(rc::check([&header] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        ",", "\n", "\r\n", "\"", "1", "8", "a", "nan", "1e5", "-", "a,b,8,sgd,100,1,1\n"));
    std::string text = header;
    for (const std::string& piece : pieces) text += piece;
    Problems problems;
    const PowerTrace trace = ParsePowerTrace(text, "power.csv", &problems);
    RC_ASSERT(!problems.empty() || !trace.rows.empty());
    for (const Problem& problem : problems) {
      RC_ASSERT(problem.line <= 2 + pieces.size());
      RC_ASSERT(!problem.message.empty());
    }
  }));
}

}  // namespace
}  // namespace zeus
