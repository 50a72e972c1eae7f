#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <limits>
#include <string>

#include "bench/shared_traces.h"
#include "zeus/base/text_file.h"

// How fast a train trace is parsed and joined, beside a plain read of the same bytes from memory.
namespace zeus::bench {
namespace {

// The published train trace, its rows repeated under other run numbers until it is larger than any cache, so that the
// memory's speed and not a cache's is what parsing is compared with.
Result<std::string> LargeTrainTrace() {
  ZEUS_ASSIGN_OR_RETURN(const std::string published, ReadTextFile(SharedFolder() / "traces" / "summary_train.csv"));
  Problems problems;
  TrainTrace trace = ParseTrainTrace(published, "train", &problems);
  const std::vector<TrainRow> rows = trace.rows;
  while (trace.rows.size() < 2'000'000) {
    const auto shift = static_cast<int64_t>(1000 * trace.rows.size() / rows.size());
    for (TrainRow row : rows) {
      row.run += shift;
      trace.rows.push_back(row);
    }
  }
  return ToCsv(trace);
}

uint64_t SumOfWords(std::string_view bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i + sizeof(uint64_t) <= bytes.size(); i += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof(word));
    sum += word;
  }
  return sum;
}

// Of this process's own time, because the machine may have other work to do.
double SecondsSince(std::clock_t start) {
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// Seconds of the fastest of a few plain reads.
double SecondsToRead(std::string_view bytes) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 5; ++i) {
    const std::clock_t start = std::clock();
    benchmark::DoNotOptimize(SumOfWords(bytes));
    best = std::min(best, SecondsSince(start));
  }
  return best;
}

// Runs `work` on the text as often as asked for; tells bytes a second, and how many plain reads one run takes.
template <class Work>
void Measure(benchmark::State& state, const std::string& text, Work work) {
  const double seconds_to_read = SecondsToRead(text);
  const std::clock_t start = std::clock();
  for (auto _ : state) work(text);
  const double seconds = SecondsSince(start) / static_cast<double>(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
  state.counters["plain_read_GB/s"] = static_cast<double>(text.size()) / seconds_to_read / 1e9;
  state.counters["plain_reads"] = seconds / seconds_to_read;
}

const Result<std::string>& Text() {
  static const Result<std::string> text = LargeTrainTrace();
  return text;
}

void BM_PlainRead(benchmark::State& state) {
  if (!Text()) return Skip(state, Text().error().message);
  Measure(state, *Text(), [](const std::string& text) { benchmark::DoNotOptimize(SumOfWords(text)); });
}
BENCHMARK(BM_PlainRead)->Unit(benchmark::kMillisecond);

void BM_ParseTrainTrace(benchmark::State& state) {
  if (!Text()) return Skip(state, Text().error().message);
  Measure(state, *Text(), [](const std::string& text) {
    Problems problems;
    benchmark::DoNotOptimize(ParseTrainTrace(text, "train", &problems));
  });
}
BENCHMARK(BM_ParseTrainTrace)->Unit(benchmark::kMillisecond);

void BM_ParseAndJoin(benchmark::State& state) {
  if (!Text()) return Skip(state, Text().error().message);
  const Result<PowerTrace> power = ReadPowerTrace(SharedFolder() / "traces" / "summary_power_v100.csv");
  if (!power) return Skip(state, power.error().message);
  Measure(state, *Text(), [&](const std::string& text) {
    Problems problems;
    benchmark::DoNotOptimize(JoinedTrace::Create(ParseTrainTrace(text, "train", &problems), *power));
  });
}
BENCHMARK(BM_ParseAndJoin)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace zeus::bench

BENCHMARK_MAIN();
