// How many recurrences a second the batch-size server takes down: register, ask for a batch size, report. Server,
// SQLite file and clients in this process, through real sockets; each answer to a change is on the disk. Beside it, in
// the same run, how often a bare file can be written and synced, and what the same clients get without a database.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "services/batch_size_server/routes.h"
#include "services/http/server.h"
#include "services/store/group_commit.h"
#include "services/store/memory_store.h"
#include "services/store/sqlite_store.h"
#include "zeus/http_client/client.h"

namespace zeus {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;

constexpr int kClients = 16;
constexpr int kRecurrences = 100;
constexpr auto kTime = std::chrono::seconds(4);

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

// Appended pages, each synced before the next, per second: what the disk grants to one writer without grouping.
double SyncsPerSecond(const std::filesystem::path& folder) {
  const int file = ::open((folder / "syncs").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) std::abort();
  const std::array<char, 4096> page{};
  int count = 0;
  const auto start = Clock::now();
  while (Clock::now() - start < std::chrono::seconds(1)) {
    if (::write(file, page.data(), page.size()) != ssize_t{page.size()} || ::fdatasync(file) != 0) std::abort();
    ++count;
  }
  const double seconds = duration<double>(Clock::now() - start).count();
  ::close(file);
  return count / seconds;
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

  [[nodiscard]] http::Client NewClient() const { return http::Client(*server_->tcp()); }

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

// One client: jobs that recur a hundred times each, one after the other.
class Recurring {
 public:
  Recurring(const RunningServer& server, int number) : client_(server.NewClient()), number_(number) {}

  void Cycle() {
    job_id_ = fmt::format("job{}-{}", number_, cycles_++ / kRecurrences);
    Send("POST", "/jobs",
         fmt::format(R"({{"job_id":"{0}","job_id_prefix":"{0}","batch_sizes":[8,16,32,64,128],"default_batch_size":32,)"
                     R"("target_metric":0.9,"mab_seed":{1},"max_power":300,"number_of_gpus":1,"gpu_model":"V100"}})",
                     job_id_, number_));
    const std::string trial = Send("GET", "/jobs/batch_size?job_id=" + job_id_, "");
    const int64_t batch_size = NumberIn(trial, "batch_size");
    Send("POST", "/report",
         fmt::format(R"({{"job_id":"{}","batch_size":{},"trial_number":{},"energy":{},"time":{},"metric":0.95,)"
                     R"("current_epoch":3}})",
                     job_id_, batch_size, NumberIn(trial, "trial_number"), 9000 + 10 * batch_size, 60));
  }

  void Read() { Send("GET", "/jobs/" + job_id_ + "/trials?limit=1", ""); }

 private:
  std::string Send(std::string_view method, const std::string& target, std::string body) {
    const Result<http::Answer> response = client_.Send(method, target, std::move(body));
    if (!response || response->status >= 300) {
      fmt::print(stderr, "{} {}: {}\n", method, target, response ? response->body : response.error().message);
      std::abort();
    }
    return response->body;
  }

  http::Client client_;
  int number_;
  int cycles_ = 0;
  std::string job_id_;  // The latest.
};

struct Load {
  double per_second = 0;
  double p99_ms = 0;
};

// All clients at once: as fast as they can, or one after each `pause`.
Load Drive(std::vector<Recurring>& clients, void (Recurring::*what)(), Clock::duration pause = {}) {
  std::vector<std::vector<double>> latencies(clients.size());
  const auto start = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < clients.size(); ++i) {
      threads.emplace_back([&, i] {
        Clock::time_point due = start + pause * static_cast<int>(i) / kClients;
        while (due - start < kTime && Clock::now() - start < kTime) {
          if (pause != Clock::duration{}) std::this_thread::sleep_until(due);
          // From when it was due: a late one is not forgiven.
          const Clock::time_point began = pause == Clock::duration{} ? Clock::now() : due;
          (clients[i].*what)();
          latencies[i].push_back(duration<double, std::milli>(Clock::now() - began).count());
          due += pause;
        }
      });
    }
  }
  const double seconds = duration<double>(Clock::now() - start).count();
  std::vector<double> all;
  for (const std::vector<double>& each : latencies) all.insert(all.end(), each.begin(), each.end());
  std::ranges::sort(all);
  return {static_cast<double>(all.size()) / seconds, all[all.size() * 99 / 100]};
}

std::vector<Recurring> Clients(const RunningServer& server) {
  std::vector<Recurring> clients;
  for (int i = 1; i <= kClients; ++i) clients.emplace_back(server, i);
  return clients;
}

void BM_Service(benchmark::State& state) {
  const Folder folder;
  for (auto _ : state) {
    const RunningServer in_memory(std::make_unique<store::MemoryStore>());
    std::vector<Recurring> without = Clients(in_memory);
    const Load memory = Drive(without, &Recurring::Cycle);

    auto sqlite = store::SqliteStore::Open(folder.path() / "jobs.db");
    if (!sqlite) return state.SkipWithError(sqlite.error().message.c_str());
    const RunningServer server(*std::move(sqlite));
    std::vector<Recurring> clients = Clients(server);
    const double syncs = SyncsPerSecond(folder.path());
    const Load cycles = Drive(clients, &Recurring::Cycle);
    const auto pause = std::chrono::duration_cast<Clock::duration>(duration<double>(2 * kClients / cycles.per_second));
    const Load half = Drive(clients, &Recurring::Cycle, pause);
    const Load reads = Drive(clients, &Recurring::Read);

    state.counters["cycles_per_s"] = cycles.per_second;
    state.counters["cycles_per_s_in_memory"] = memory.per_second;
    state.counters["ratio_to_memory"] = cycles.per_second / memory.per_second;
    state.counters["half_load_cycle_p99_ms"] = half.p99_ms;
    state.counters["reads_per_s"] = reads.per_second;
    state.counters["read_p99_ms"] = reads.p99_ms;
    state.counters["syncs_per_s"] = syncs;
    // Two of a cycle's requests change something: alone, each is a sync.
    state.counters["changes_per_sync"] = 2 * cycles.per_second / syncs;
  }
}
BENCHMARK(BM_Service)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace zeus

BENCHMARK_MAIN();
