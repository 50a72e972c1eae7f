// How long a client of the node daemon waits, over a Unix socket: to set a power limit and to hear that it is set, and
// to read the power of eight GPUs. Daemon and clients in this process; the GPUs are fakes that answer at once. Beside
// it, in the same run, a bare round trip between two threads over such a socket, which is the floor. The cores are kept
// awake: a virtual one that halts takes longer to come back than all of this.

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/awake_cores.h"
#include "services/http/server.h"
#include "services/node_daemon/node_daemon.h"
#include "zeus/base/unique_fd.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kGpus = 8;
constexpr int kRequests = 5000;
constexpr int kPacedRequests = 2400;
constexpr int kRounds = 3;

[[noreturn]] void Die(std::string_view why) {
  fmt::print(stderr, "node_daemon_bench: {}\n", why);
  std::exit(1);
}

void SendAll(int fd, std::string_view bytes) {
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) Die("cannot send");
}

UniqueFd ConnectTo(const std::filesystem::path& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) Die("cannot connect");
  return fd;
}

// Sends and waits for an answer that ends with the header, or with `end`.
void Ask(int fd, std::string_view request, std::string_view end) {
  SendAll(fd, request);
  std::string answer;
  std::array<char, 4096> part{};
  while (!answer.ends_with(end)) {
    const ssize_t got = ::read(fd, part.data(), part.size());
    if (got <= 0) Die("no answer");
    answer.append(part.data(), static_cast<size_t>(got));
  }
  if (!answer.starts_with("HTTP/1.1 200 ") && end != "e") Die(answer);
}

struct Waits {
  double median_us = 0;
  double p99_us = 0;
};

Waits Summary(std::vector<double> all) {
  std::ranges::sort(all);
  return {.median_us = all[all.size() / 2], .p99_us = all[all.size() * 99 / 100]};
}

// How often a client asks: as soon as it has its answer, so that clients wait for each other, or at times of its own.
enum class Pace { kAtOnce, kHundredPerSecond };

// What each client waits for each of its requests, one after the other.
Waits Measure(int clients, const std::function<std::function<void(int)>(int)>& client_of, Pace pace = Pace::kAtOnce) {
  const int requests = (pace == Pace::kAtOnce ? kRequests : kPacedRequests) / clients;
  std::vector<std::vector<double>> waits(static_cast<size_t>(clients));
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&, i] {
      const std::function<void(int)> ask = client_of(i);
      auto due = Clock::now() + std::chrono::microseconds(10'000 * i / clients);
      for (int request = 0; request < requests; ++request) {
        if (pace == Pace::kHundredPerSecond) std::this_thread::sleep_until(due += std::chrono::milliseconds(10));
        const auto begin = Clock::now();
        ask(request);
        waits[static_cast<size_t>(i)].push_back(
            std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<double> all;
  for (const std::vector<double>& of_one : waits) all.insert(all.end(), of_one.begin(), of_one.end());
  return Summary(std::move(all));
}

// A thread that sends back a byte for what comes, and the socket to it.
class Echo {
 public:
  Echo() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) Die("no socket pair");
    near_ = UniqueFd(ends[0]);
    far_ = UniqueFd(ends[1]);
    thread_ = std::thread([this] {
      std::array<char, 4096> part{};
      while (::read(far_.get(), part.data(), part.size()) > 0) SendAll(far_.get(), "e");
    });
  }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  ~Echo() {
    ::shutdown(near_.get(), SHUT_RDWR);
    thread_.join();
  }

  [[nodiscard]] int fd() const { return near_.get(); }

 private:
  UniqueFd near_;
  UniqueFd far_;
  std::thread thread_;
};

std::function<void(int)> BareClient(int /*client*/) {
  auto echo = std::make_shared<Echo>();
  return [echo](int) { Ask(echo->fd(), std::string(150, 'x'), "e"); };
}

std::function<void(int)> LimitSetter(const std::filesystem::path& socket, int client) {
  auto fd = std::make_shared<UniqueFd>(ConnectTo(socket));
  return [fd, client](int request) {
    Ask(fd->get(),
        fmt::format("POST /gpu/set_power_limit?gpu_ids={}&block=true&power_limit_mw={}000 HTTP/1.1\r\nHost: x\r\n\r\n",
                    client % kGpus, 150 + request % 50),
        "\r\n\r\n");
  };
}

std::function<void(int)> PowerReader(const std::filesystem::path& socket, int /*client*/) {
  auto fd = std::make_shared<UniqueFd>(ConnectTo(socket));
  return [fd](int) { Ask(fd->get(), "GET /gpu/get_power HTTP/1.1\r\nHost: x\r\n\r\n", "}}"); };
}

void Print(std::string_view name, const Waits& waits, const Waits& floor) {
  fmt::print("{:<40} median {:7.1f} us   99% {:7.1f} us   {:5.1f} times the floor\n", name, waits.median_us,
             waits.p99_us, waits.median_us / floor.median_us);
}

void Run(const std::filesystem::path& folder) {
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
  auto server = http::Server::Start(std::move(options), daemon.Routes());
  if (!server) Die(server.error().message);
  for (int round = 0; round < kRounds; ++round) {
    const Waits floor = Measure(1, BareClient);
    Print("bare round trip, 1 client", floor, floor);
    const auto setter = [&](int client) { return LimitSetter(socket, client); };
    Print("set_power_limit block=true, 1 client", Measure(1, setter), floor);
    Print("get_power of 8 GPUs, 1 client", Measure(1, [&](int client) { return PowerReader(socket, client); }), floor);
    const Waits floor_of_8 = Measure(8, BareClient);
    Print("bare round trip, 8 clients", floor_of_8, floor_of_8);
    Print("set_power_limit block=true, 8 clients", Measure(8, setter), floor_of_8);
    const Waits paced_floor = Measure(8, BareClient, Pace::kHundredPerSecond);
    Print("bare round trip, 8 clients at 100 Hz", paced_floor, paced_floor);
    Print("set_power_limit, 8 clients at 100 Hz", Measure(8, setter, Pace::kHundredPerSecond), paced_floor);
  }
  (*server)->Stop();
  daemon.Stop();
}

}  // namespace
}  // namespace zeus

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "node_daemon_bench.XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) zeus::Die("cannot make a folder");
  const zeus::AwakeCores awake;
  zeus::Run(folder);
  std::filesystem::remove_all(folder);
}
