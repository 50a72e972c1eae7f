// How long a client of the node daemon waits, over a Unix socket: to set a power limit and to hear that it is set, and
// to read the power of eight GPUs. Daemon and clients in this process; the GPUs are fakes that answer at once. Beside
// it, in the same run, the same clients of a thread that answers whatever comes, which is the floor. The cores are kept
// awake: a virtual one that halts takes longer to come back than all of this. To wake a sleeping client on another core
// costs tens of microseconds on a virtual machine all the same; clients that look for their answers have only the
// daemon's own time in theirs.
//
//     node_daemon_bench [THREADS]    threads of the daemon that answer; 1 by default

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/awake_cores.h"
#include "bench/bare_server.h"
#include "bench/http_load.h"
#include "services/http/server.h"
#include "services/node_daemon/node_daemon.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus {
namespace {

constexpr int kGpus = 8;
constexpr int kRounds = 3;
constexpr auto kTime = std::chrono::seconds(1);

[[noreturn]] void Die(std::string_view why) {
  fmt::print(stderr, "node_daemon_bench: {}\n", why);
  std::exit(1);
}

// A power limit a request, each of another client's GPU.
class LimitSetter final : public Dialogue {
 public:
  explicit LimitSetter(int client) : gpu_(client % kGpus) {}

  std::string Next(std::string_view /*body*/) override {
    return fmt::format(
        "POST /gpu/set_power_limit?gpu_ids={}&block=true&power_limit_mw={}000 HTTP/1.1\r\nHost: x\r\n\r\n", gpu_,
        150 + requests_++ % 50);
  }

 private:
  int gpu_;
  int requests_ = 0;
};

class PowerReader final : public Dialogue {
 public:
  explicit PowerReader(int /*client*/) {}
  std::string Next(std::string_view /*body*/) override { return "GET /gpu/get_power HTTP/1.1\r\nHost: x\r\n\r\n"; }
};

// How often a client asks: as soon as it has its answer, so that clients wait for each other, or at times of its own.
enum class Pace { kAtOnce, kHundredPerSecond };

struct Clients {
  int number = 1;
  ClientWait wait = ClientWait::kAsleep;
  Pace pace = Pace::kAtOnce;
  ClientThreads threads = ClientThreads::kOne;
};

template <class Kind>
LoadFigures Measure(const std::filesystem::path& socket, const Clients& clients) {
  std::vector<std::unique_ptr<Dialogue>> dialogues;
  for (int i = 0; i < clients.number; ++i) dialogues.push_back(std::make_unique<Kind>(i));
  LoadOptions options{.time = kTime, .wait = clients.wait, .threads = clients.threads};
  if (clients.pace == Pace::kHundredPerSecond) options.pause = std::chrono::milliseconds(10);
  return HttpLoad(socket, std::move(dialogues)).Drive(options);
}

std::string Describe(const Clients& clients) {
  return fmt::format("{} {}{}{}", clients.number, clients.wait == ClientWait::kAsleep ? "asleep" : "looking",
                     clients.pace == Pace::kHundredPerSecond ? " at 100 Hz" : "",
                     clients.threads == ClientThreads::kOneEach ? fmt::format(", {} threads", clients.number) : "");
}

void Print(std::string_view name, const Clients& clients, const LoadFigures& waits, const LoadFigures& floor) {
  fmt::print("{:<26} {:<19} median {:7.1f} us   99% {:7.1f} us   {:5.1f} times the floor\n", name, Describe(clients),
             waits.request_median_ms * 1e3, waits.request_p99_ms * 1e3,
             waits.request_median_ms / floor.request_median_ms);
}

// The daemon beside the floor.
void Compare(const std::filesystem::path& daemon, const std::filesystem::path& bare, const Clients& clients) {
  const LoadFigures floor = Measure<LimitSetter>(bare, clients);
  Print("bare round trip", clients, floor, floor);
  Print("set_power_limit block=true", clients, Measure<LimitSetter>(daemon, clients), floor);
  if (clients.number == 1) Print("get_power of 8 GPUs", clients, Measure<PowerReader>(daemon, clients), floor);
}

void Run(const std::filesystem::path& folder, size_t threads) {
  std::vector<std::unique_ptr<FakeGpu>> gpus;
  std::vector<Gpu*> all;
  for (int i = 0; i < kGpus; ++i) {
    FakeGpu::Options options;
    options.info.index = i;
    options.info.uuid = fmt::format("GPU-fake-{}", i);
    gpus.push_back(std::make_unique<FakeGpu>(options));
    all.push_back(gpus.back().get());
  }
  NodeDaemon daemon(
      all, {}, {.groups = {kAllApiGroups.begin(), kAllApiGroups.end()}, .keeping = {.journal = folder / "journal"}});
  const std::filesystem::path socket = folder / "zeusd.sock";
  http::ServerOptions options;
  options.socket = socket;
  options.threads = threads;
  auto server = http::Server::Start(std::move(options), daemon.Routes());
  if (!server) Die(server.error().message);
  const std::filesystem::path bare = folder / "bare.sock";
  const BareServer bare_server(bare);
  for (int round = 0; round < kRounds; ++round) {
    for (const ClientWait wait : {ClientWait::kLooking, ClientWait::kAsleep}) {
      Compare(socket, bare, {.number = 1, .wait = wait});
      Compare(socket, bare, {.number = 8, .wait = wait});
      Compare(socket, bare, {.number = 8, .wait = wait, .pace = Pace::kHundredPerSecond});
    }
    Compare(socket, bare, {.number = 8, .threads = ClientThreads::kOneEach});
  }
  (*server)->Stop();
  daemon.Stop();
}

}  // namespace
}  // namespace zeus

int main(int argc, char** argv) {
  const size_t threads = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1;
  if (threads == 0) zeus::Die("expected a number of threads");
  std::string folder = (std::filesystem::temp_directory_path() / "node_daemon_bench.XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) zeus::Die("cannot make a folder");
  const zeus::AwakeCores awake;
  zeus::Run(folder, threads);
  std::filesystem::remove_all(folder);
}
