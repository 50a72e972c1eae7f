#include "zeus/training/power_logs.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "zeus/base/line_file.h"
#include "zeus/monitor/power_sampler.h"
#include "zeus/monitor/sampling_thread.h"
#include "zeus/trace/power_log.h"

namespace zeus {
namespace {

using std::chrono::nanoseconds;

struct GpuLog {
  Gpu* gpu;
  std::optional<PowerSensor> sensor;
  LineFile file;
};

class ThreadLogs final : public PowerLogs {
 public:
  ThreadLogs(std::vector<GpuLog> logs, Seconds period)
      : logs_(std::move(logs)),
        wall_begin_(std::chrono::time_point_cast<nanoseconds>(std::chrono::system_clock::now())),
        begin_(std::chrono::steady_clock::now()) {
    Sample();
    thread_.emplace(period, [this] { Sample(); });
  }

  Result<void> Finish() override {
    thread_.reset();
    Sample();
    if (failure_) return std::unexpected(*failure_);
    return {};
  }

 private:
  void Sample() {
    for (GpuLog& log : logs_) {
      if (!log.sensor || failure_) continue;
      const Result<PowerSample> sample = log.gpu->ReadPower(*log.sensor);
      if (!sample) continue;
      std::string line;
      // The wall clock's at the begin plus the monotonic clock's since: setting the clock does not disorder a log.
      AppendPowerLogLine({.time = wall_begin_ + (sample->time - begin_), .power = sample->power}, &line);
      if (const Result<void> written = log.file.Append(line); !written) failure_ = written.error();
    }
  }

  std::vector<GpuLog> logs_;
  std::optional<Error> failure_;  // With logs_ the thread's, until it has ended.
  const WallTime wall_begin_;
  const Time begin_;
  std::optional<SamplingThread> thread_;  // The last member: it ends first.
};

struct MonitorProcess {
  pid_t pid = 0;
  std::string what;  ///< For messages.
};

/// Starts a program that takes interrupts, whatever our surroundings do with them: a shell has its background commands
/// ignore them.
Result<pid_t> Spawn(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  sigset_t interrupt;
  ::sigemptyset(&interrupt);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigmask(&attributes, &interrupt);
  ::sigaddset(&interrupt, SIGINT);
  ::posix_spawnattr_setsigdefault(&attributes, &interrupt);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, arguments[0], nullptr, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (error == 0) return pid;
  return Fail(error == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kNotFound,
              fmt::format("{}: the power monitor cannot be run: {}", words[0], std::strerror(error)));
}

class MonitorLogs final : public PowerLogs {
 public:
  MonitorLogs() = default;
  MonitorLogs(const MonitorLogs&) = delete;
  MonitorLogs& operator=(const MonitorLogs&) = delete;
  ~MonitorLogs() override { static_cast<void>(Finish()); }

  void Add(MonitorProcess process) { processes_.push_back(std::move(process)); }

  Result<void> Finish() override {
    Result<void> finished;
    for (const MonitorProcess& process : processes_) ::kill(process.pid, SIGINT);
    for (const MonitorProcess& process : processes_) {
      int status = 0;
      while (::waitpid(process.pid, &status, 0) < 0 && errno == EINTR) {
      }
      const bool interrupted = WIFSIGNALED(status) && WTERMSIG(status) == SIGINT;
      if (status == 0 || interrupted || !finished) continue;
      finished =
          Fail(ErrorCode::kUnavailable,
               WIFSIGNALED(status) ? fmt::format("{}: was ended by signal {}", process.what, WTERMSIG(status))
                                   : fmt::format("{}: ended with exit code {}", process.what, WEXITSTATUS(status)));
    }
    processes_.clear();
    return finished;
  }

 private:
  std::vector<MonitorProcess> processes_;
};

}  // namespace

Result<std::unique_ptr<PowerLogs>> LogPowerOnThread(const std::vector<Gpu*>& gpus, const PowerLogPath& path,
                                                    Seconds period) {
  std::vector<GpuLog> logs;
  for (size_t i = 0; i < gpus.size(); ++i) {
    ZEUS_ASSIGN_OR_RETURN(LineFile file, LineFile::Create(path(i)));
    ZEUS_RETURN_IF_ERROR(file.Append(PowerLogHeader()));
    const Result<PowerSensor> sensor = BestPowerSensor(*gpus[i]);
    logs.push_back({.gpu = gpus[i], .sensor = sensor ? std::optional(*sensor) : std::nullopt, .file = std::move(file)});
  }
  return std::make_unique<ThreadLogs>(std::move(logs), period);
}

Result<std::unique_ptr<PowerLogs>> LogPowerWithMonitor(const std::filesystem::path& monitor,
                                                       const std::vector<Gpu*>& gpus, const PowerLogPath& path) {
  const auto period =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(kPowerLogPeriod.value()));
  auto logs = std::make_unique<MonitorLogs>();
  for (size_t i = 0; i < gpus.size(); ++i) {
    const std::string index = std::to_string(gpus[i]->info().index);
    ZEUS_ASSIGN_OR_RETURN(const pid_t pid,
                          Spawn({monitor.string(), path(i).string(), "0", std::to_string(period.count()), index}));
    logs->Add({.pid = pid, .what = fmt::format("{} (GPU {})", monitor.string(), index)});
  }
  return logs;
}

}  // namespace zeus
