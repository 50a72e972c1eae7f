// How many recurrences a second the batch-size server takes down: register, ask for a batch size, report. Server,
// SQLite file and clients in this process, through real sockets; each answer to a change is on the disk. Beside it, in
// the same run, how often a bare file can be written and synced, and what the same clients get without a database.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "bench/http_load.h"
#include "services/batch_size_server/routes.h"
#include "services/http/server.h"
#include "services/store/group_commit.h"
#include "services/store/memory_store.h"
#include "services/store/sqlite_store.h"
#include "zeus/base/unique_fd.h"

namespace zeus {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;

constexpr int kRecurrences = 100;
constexpr int kRequestsPerCycle = 3;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::current_path() / "batch_size_server_bench.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Syncs {
  double per_second = 0;
  double p99_ms = 0;
};

// Appended pages, each synced before the next: what the disk grants to one writer without grouping.
Syncs MeasureSyncs(const std::filesystem::path& folder) {
  const UniqueFd file(::open((folder / "syncs").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  if (!file.valid()) std::abort();
  const std::array<char, 4096> page{};
  std::vector<double> times_ms;
  const auto start = Clock::now();
  for (auto begin = start; begin - start < std::chrono::seconds(1);) {
    if (::write(file.get(), page.data(), page.size()) != ssize_t{page.size()} || ::fdatasync(file.get()) != 0) {
      std::abort();
    }
    const auto end = Clock::now();
    times_ms.push_back(duration<double, std::milli>(end - begin).count());
    begin = end;
  }
  const double seconds = duration<double>(Clock::now() - start).count();
  std::ranges::sort(times_ms);
  return {static_cast<double>(times_ms.size()) / seconds, times_ms[times_ms.size() * 99 / 100]};
}

class RunningServer {
 public:
  explicit RunningServer(std::unique_ptr<store::Store> store) : commit_(std::move(store)) {
    auto started =
        http::Server::Start({.tcp = http::TcpAddress{.host = "127.0.0.1", .port = 0}},
                            BatchSizeRoutes(commit_, {[] { return int64_t{0}; }, [] { return uint64_t{1}; }, {}}));
    if (!started) std::abort();
    server_ = std::move(*started);
  }
  ~RunningServer() {
    server_->Stop();
    commit_.Stop();
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  [[nodiscard]] http::ServerAddress address() const { return *server_->tcp(); }

 private:
  store::GroupCommit commit_;
  std::unique_ptr<http::Server> server_;
};

// The number after `"name":` in an answer.
int64_t NumberIn(const std::string& json, std::string_view name) {
  const size_t at = json.find(fmt::format("\"{}\":", name));
  if (at == std::string::npos) std::abort();
  return std::strtoll(json.c_str() + at + name.size() + 3, nullptr, 10);
}

std::string HttpRequest(std::string_view method, std::string_view target, std::string_view body) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", method, target, body.size(),
                     body);
}

std::string JobId(int number, int recurrence) {
  return fmt::format("job{}-{}", number, recurrence / kRecurrences);
}

// Jobs that recur a hundred times each, one after the other: a recurrence is three requests.
class Recurring final : public Dialogue {
 public:
  explicit Recurring(int number) : number_(number) {}

  std::string Next(std::string_view body) override {
    job_id_ = JobId(number_, requests_ / kRequestsPerCycle);
    switch (requests_++ % kRequestsPerCycle) {
      case 0:
        return HttpRequest("POST", "/jobs",
                           fmt::format(R"({{"job_id":"{0}","job_id_prefix":"{0}","batch_sizes":[8,16,32,64,128],)"
                                       R"("default_batch_size":32,"target_metric":0.9,"mab_seed":{1},"max_power":300,)"
                                       R"("number_of_gpus":1,"gpu_model":"V100"}})",
                                       job_id_, number_));
      case 1:
        return HttpRequest("GET", "/jobs/batch_size?job_id=" + job_id_, "");
      default:
        const std::string trial(body);
        const int64_t batch_size = NumberIn(trial, "batch_size");
        return HttpRequest(
            "POST", "/report",
            fmt::format(R"({{"job_id":"{}","batch_size":{},"trial_number":{},"energy":{},"time":{},"metric":0.95,)"
                        R"("current_epoch":3}})",
                        job_id_, batch_size, NumberIn(trial, "trial_number"), 9000 + 10 * batch_size, 60));
    }
  }

 private:
  int number_;
  int requests_ = 0;
  std::string job_id_;
};

class Reading final : public Dialogue {
 public:
  explicit Reading(int number) : request_(HttpRequest("GET", "/jobs/" + JobId(number, 0) + "/trials?limit=1", "")) {}
  std::string Next(std::string_view /*body*/) override { return request_; }

 private:
  std::string request_;
};

template <class Kind>
HttpLoad LoadOf(const RunningServer& server, int64_t connections) {
  std::vector<std::unique_ptr<Dialogue>> dialogues;
  for (int i = 1; i <= connections; ++i) dialogues.push_back(std::make_unique<Kind>(i));
  return {server.address(), std::move(dialogues)};
}

void BM_Service(benchmark::State& state) {
  const int64_t connections = state.range(0);
  const Folder folder;
  for (auto _ : state) {
    const RunningServer in_memory(std::make_unique<store::MemoryStore>());
    const LoadFigures memory =
        LoadOf<Recurring>(in_memory, connections).Drive({.requests_per_turn = kRequestsPerCycle});

    auto sqlite = store::SqliteStore::Open(folder.path() / "jobs.db");
    if (!sqlite) return state.SkipWithError(sqlite.error().message.c_str());
    const RunningServer server(*std::move(sqlite));
    const Syncs syncs = MeasureSyncs(folder.path());
    HttpLoad load = LoadOf<Recurring>(server, connections);
    const LoadFigures cycles = load.Drive({.requests_per_turn = kRequestsPerCycle});
    const std::chrono::nanoseconds pause(
        std::llround(2e9 * static_cast<double>(connections) / cycles.turns_per_second));
    const LoadFigures half = load.Drive({.requests_per_turn = kRequestsPerCycle, .pause = pause});
    const LoadFigures reads = LoadOf<Reading>(server, connections).Drive({});

    state.counters["cycles_per_s"] = cycles.turns_per_second;
    state.counters["cycles_per_s_in_memory"] = memory.turns_per_second;
    state.counters["ratio_to_memory"] = cycles.turns_per_second / memory.turns_per_second;
    state.counters["half_load_request_p99_ms"] = half.request_p99_ms;
    state.counters["half_load_cycle_p99_ms"] = half.turn_p99_ms;
    state.counters["reads_per_s"] = reads.turns_per_second;
    state.counters["read_p99_ms"] = reads.request_p99_ms;
    state.counters["syncs_per_s"] = syncs.per_second;
    state.counters["sync_p99_ms"] = syncs.p99_ms;
    // Two of a cycle's requests change something: alone, each is a sync.
    state.counters["changes_per_sync"] = 2 * cycles.turns_per_second / syncs.per_second;
  }
}
BENCHMARK(BM_Service)->Arg(16)->Arg(64)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
