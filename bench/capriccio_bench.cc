// What slicing costs beside reading the text once and writing as many bytes as the slices have: the same text, the same
// bytes out, flushed likewise, one of the one and one of the other in one run.
//
// The corpus is made up: 400 000 rows, and a window that gives 38 slices as the published one does.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "capriccio/new_file.h"
#include "capriccio/slicer.h"
#include "capriccio/synthetic_corpus.h"

namespace zeus::capriccio {
namespace {

constexpr uint64_t kRows = 400'000;

struct Cost {
  double seconds = 0;
  double processor_seconds = 0;
};

template <class Work>
Cost Measure(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  const std::clock_t processor_begin = std::clock();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
          static_cast<double>(std::clock() - processor_begin) / CLOCKS_PER_SEC};
}

ReadBytes ReadFrom(int fd) {
  return [fd](char* buffer, size_t size) -> Result<size_t> {
    const ssize_t got = ::read(fd, buffer, size);
    if (got < 0) return FailWithErrno("the corpus", "read");
    return static_cast<size_t>(got);
  };
}

UniqueFd Open(const std::filesystem::path& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

// Reads all of the text, and writes files of these sizes.
Result<void> ReadAndWritePlainly(const std::filesystem::path& text, const std::filesystem::path& folder,
                                 const std::vector<uint64_t>& sizes) {
  std::string buffer(size_t{1} << 20, 'x');
  const UniqueFd file = Open(text);
  while (::read(file.get(), buffer.data(), buffer.size()) > 0) {
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    const std::filesystem::path path = folder / std::to_string(i);
    ZEUS_ASSIGN_OR_RETURN(NewFile out, NewFile::Create(path.string() + ".tmp", path));
    for (uint64_t left = sizes[i]; left > 0;) {
      const uint64_t count = std::min<uint64_t>(left, buffer.size());
      ZEUS_RETURN_IF_ERROR(out.Append(std::string_view(buffer).substr(0, count)));
      left -= count;
    }
    ZEUS_RETURN_IF_ERROR(out.Commit());
  }
  return {};
}

void BM_Slice(benchmark::State& state) {
  std::string made = (std::filesystem::temp_directory_path() / "zeus_bench.XXXXXX").string();
  if (::mkdtemp(made.data()) == nullptr) return state.SkipWithError("no temporary folder");
  const std::filesystem::path folder = made;
  const std::filesystem::path text = folder / "tweets.csv";
  {
    std::ofstream file(text, std::ios::binary);
    const Result<void> generated = GenerateCorpus({.rows = kRows}, [&](std::string_view piece) -> Result<void> {
      file << piece;
      return {};
    });
    if (!generated) return state.SkipWithError(generated.error().message.c_str());
  }
  Cost ours;
  Cost plain;
  uint64_t bytes = 0;
  for (auto _ : state) {
    const UniqueFd file = Open(text);
    SlicingJob job;
    job.source = "the corpus";
    job.read = ReadFrom(file.get());
    job.slices.window = kRows * 5 / 16;
    job.out = folder / "slices";
    job.old_slices = OldSlices::kReplace;
    Result<Slicing> slicing;
    ours = Measure([&] { slicing = SliceText(job, {}); });
    if (!slicing) return state.SkipWithError(slicing.error().message.c_str());
    std::vector<uint64_t> sizes;
    for (const auto& each : std::filesystem::directory_iterator(job.out)) sizes.push_back(each.file_size());
    bytes = 0;
    for (const uint64_t size : sizes) bytes += size;
    std::filesystem::remove_all(job.out);
    std::filesystem::create_directory(folder / "plain");
    Result<void> written;
    plain = Measure([&] { written = ReadAndWritePlainly(text, folder / "plain", sizes); });
    std::filesystem::remove_all(folder / "plain");
    if (!written) return state.SkipWithError(written.error().message.c_str());
    state.SetIterationTime(ours.seconds);
  }
  std::filesystem::remove_all(folder);
  state.counters["rows/s"] = kRows / ours.seconds;
  state.counters["rows_per_cpu_s"] = kRows / ours.processor_seconds;
  state.counters["written_MB"] = static_cast<double>(bytes) / 1e6;
  state.counters["plain_s"] = plain.seconds;
  state.counters["ratio"] = ours.seconds / plain.seconds;
  state.counters["ratio_cpu"] = ours.processor_seconds / plain.processor_seconds;
}
BENCHMARK(BM_Slice)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(1)->Repetitions(3);

}  // namespace
}  // namespace zeus::capriccio

BENCHMARK_MAIN();
