// What the node daemon takes of a core while nobody listens, and while ten clients take streams of the power of eight
// GPUs, which changes with every reading, 20 times a second. The daemon is a process of its own; the GPUs are fakes
// that answer at once. Beside it, in the same run, the floor: a process that does nothing but read those GPUs as often.
// The cores are kept awake, as by a training job.

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
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
#include "zeus/http_client/event_reader.h"

namespace zeus {
namespace {

constexpr int kGpus = 8;
constexpr int kClients = 10;
constexpr int kHz = 20;
constexpr std::chrono::seconds kTime{5};

[[noreturn]] void Die(std::string_view why) {
  fmt::print(stderr, "node_daemon_streams_bench: {}\n", why);
  std::exit(1);
}

// A card whose power is never the same twice.
class RestlessGpu final : public Gpu {
 public:
  explicit RestlessGpu(const std::shared_ptr<FakeGpu>& fake) : Gpu(fake->info(), fake->capabilities()), fake_(fake) {}

  [[nodiscard]] Result<PowerSample> ReadPower(PowerSensor sensor) override {
    Result<PowerSample> sample = fake_->ReadPower(sensor);
    if (sample) sample->power += Watts(static_cast<double>(++reads_ % 100));
    return sample;
  }
  [[nodiscard]] Result<EnergySample> ReadEnergy() override { return fake_->ReadEnergy(); }
  [[nodiscard]] Result<Celsius> ReadTemperature() override { return fake_->ReadTemperature(); }
  [[nodiscard]] Result<GpuStatus> ReadStatus() override { return fake_->ReadStatus(); }
  [[nodiscard]] Result<std::vector<GpuProcess>> ReadProcesses() override { return fake_->ReadProcesses(); }
  [[nodiscard]] GpuSettings& settings() override { return fake_->settings(); }

 private:
  std::shared_ptr<FakeGpu> fake_;
  std::atomic<uint64_t> reads_ = 0;
};

std::vector<std::unique_ptr<Gpu>> MakeGpus() {
  std::vector<std::unique_ptr<Gpu>> gpus;
  for (int i = 0; i < kGpus; ++i) {
    FakeGpu::Options options;
    options.info.index = i;
    options.info.uuid = fmt::format("GPU-fake-{}", i);
    gpus.push_back(std::make_unique<RestlessGpu>(std::make_shared<FakeGpu>(options)));
  }
  return gpus;
}

// A process that does this until it is killed.
class Child {
 public:
  explicit Child(const std::function<void()>& work) : pid_(::fork()) {
    if (pid_ < 0) Die("cannot fork");
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    work();
    std::_Exit(0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  struct Used {
    double seconds = 0;        // Of processor.
    uint64_t time_slices = 0;  // How often a thread was put on a core.
  };
  // Of all its threads (proc(5), schedstat).
  [[nodiscard]] Used used() const {
    Used used;
    for (const auto& thread : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid_))) {
      std::ifstream file(thread.path() / "schedstat");
      double running_ns = 0;
      double waiting_ns = 0;
      uint64_t slices = 0;
      if (!(file >> running_ns >> waiting_ns >> slices)) Die("cannot read " + (thread.path() / "schedstat").string());
      used.seconds += running_ns / 1e9;
      used.time_slices += slices;
    }
    return used;
  }

 private:
  pid_t pid_;
};

void ServeForever(const std::filesystem::path& socket) {
  const std::vector<std::unique_ptr<Gpu>> gpus = MakeGpus();
  std::vector<Gpu*> all;
  for (const std::unique_ptr<Gpu>& gpu : gpus) all.push_back(gpu.get());
  NodeDaemon daemon(all, {}, {.groups = {ApiGroup::kGpuRead}, .gpu_poll_period = Seconds(1.0 / kHz)});
  http::ServerOptions options;
  options.socket = socket;
  const auto server = http::Server::Start(std::move(options), daemon.Routes());
  if (!server) Die(server.error().message);
  while (true) ::pause();
}

void ReadForever() {
  const std::vector<std::unique_ptr<Gpu>> gpus = MakeGpus();
  auto due = std::chrono::steady_clock::now();
  while (true) {
    for (const std::unique_ptr<Gpu>& gpu : gpus) [[maybe_unused]]
      const auto milliwatts = ReadMilliwatts(*gpu);
    due += std::chrono::microseconds(1'000'000 / kHz);
    std::this_thread::sleep_until(due);
  }
}

// What a process uses over a while.
Child::Used Over(const Child& child) {
  const Child::Used before = child.used();
  std::this_thread::sleep_for(kTime);
  const Child::Used after = child.used();
  return {after.seconds - before.seconds, after.time_slices - before.time_slices};
}

void Print(std::string_view name, const Child::Used& used) {
  const double seconds = std::chrono::duration<double>(kTime).count();
  fmt::print("{:<62} {:6.3f} % of a core, {:7.1f} wake-ups a second\n", name, 100 * used.seconds / seconds,
             static_cast<double>(used.time_slices) / seconds);
}

void Run(const std::filesystem::path& folder) {
  const std::filesystem::path socket = folder / "zeusd.sock";
  const Child floor(ReadForever);
  const Child daemon([&] { ServeForever(socket); });
  while (!std::filesystem::exists(socket)) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  Print("nobody listens", Over(daemon));
  std::atomic<bool> over = false;
  std::atomic<uint64_t> events = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      auto reader =
          http::EventReader::Open(socket, {.method = "GET", .target = "/gpu/stream_power"}, std::chrono::seconds(5));
      if (!reader) Die(reader.error().message);
      while (!over) {
        const auto event = reader->Next(std::chrono::seconds(1));
        if (!event) Die(event.error().message);
        if (*event) ++events;
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  events = 0;
  const Child::Used used = Over(daemon);
  const double taken = static_cast<double>(events) / std::chrono::duration<double>(kTime).count();
  Print(fmt::format("{} streams of {} GPUs at {} Hz", kClients, kGpus, kHz), used);
  fmt::print("  of {} events a second, {:.0f} were taken\n", kClients * kGpus * kHz, taken);
  over = true;
  for (std::thread& client : clients) client.join();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  Print("nobody listens any more", Over(daemon));
  const Child::Used least = Over(floor);
  Print("the floor: reading the GPUs, and nothing else", least);
  fmt::print("streams take {:.1f} times the floor\n", used.seconds / least.seconds);
}

}  // namespace
}  // namespace zeus

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "node_daemon_streams.XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) zeus::Die("cannot make a folder");
  const zeus::AwakeCores awake;
  zeus::Run(folder);
  std::filesystem::remove_all(folder);
}
