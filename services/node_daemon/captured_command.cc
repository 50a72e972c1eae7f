#include "services/node_daemon/captured_command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>

#include "zeus/base/clock.h"
#include "zeus/base/unique_fd.h"

namespace zeus {
namespace {

constexpr size_t kMostOutput = 64 * 1024;
constexpr auto kOutputGrace = std::chrono::seconds(1);

struct Pipe {
  UniqueFd read;
  UniqueFd write;

  // errno, or 0.
  int Open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
    ::fcntl(read.get(), F_SETFL, O_NONBLOCK);
    return 0;
  }
};

// errno, or 0.
int Spawn(const std::vector<std::string>& arguments, const Pipe& output, const Pipe& errors, pid_t* pid) {
  std::vector<char*> words;
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors.write.get(), STDERR_FILENO);
  // Connections of our clients are none of its business, and must not stay open with it.
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const int error = ::posix_spawnp(pid, words[0], &actions, &attributes, words.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return error;
}

// What is there now; closes the pipe at its end.
void Drain(UniqueFd& pipe, std::string& text) {
  std::array<char, 4096> part;
  while (pipe.valid()) {
    const ssize_t size = ::read(pipe.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      pipe = UniqueFd();
      return;
    }
    text.append(part.data(), std::min(static_cast<size_t>(size), kMostOutput - text.size()));
  }
}

// Until there is something to do: an output, or the process's end, where it has not ended.
void Wait(const UniqueFd& process, const UniqueFd& output, const UniqueFd& errors, Time until) {
  // Where the kernel has no such descriptor, it is asked every 10 ms.
  constexpr auto kAsk = std::chrono::milliseconds(10);
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  if (!process.valid()) left = std::min(left, kAsk);
  std::array<pollfd, 3> waited = {pollfd{.fd = process.get(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = output.get(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = errors.get(), .events = POLLIN, .revents = 0}};
  constexpr int64_t kMost = 1'000'000;
  ::poll(waited.data(), waited.size(), static_cast<int>(std::clamp<int64_t>(left.count() + 1, 0, kMost)));
}

}  // namespace

CapturedCommand RunCaptured(const std::vector<std::string>& arguments, Seconds timeout) {
  CapturedCommand command;
  Pipe output;
  Pipe errors;
  pid_t pid = -1;
  int error = output.Open();
  if (error == 0) error = errors.Open();
  if (error == 0) error = Spawn(arguments, output, errors, &pid);
  if (error != 0) {
    command.end = CommandNotStarted{std::strerror(error)};
    return command;
  }
  output.write = UniqueFd();
  errors.write = UniqueFd();
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const Time deadline = std::chrono::steady_clock::now() +
                        std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(timeout.value()));
  int status = 0;
  bool timed_out = false;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (!timed_out && std::chrono::steady_clock::now() >= deadline) {
      timed_out = true;
      ::kill(-pid, SIGKILL);
    }
    Drain(output.read, command.output);
    Drain(errors.read, command.errors);
    Wait(process, output.read, errors.read, timed_out ? Time::max() : deadline);
  }
  process = UniqueFd();
  const Time end = std::chrono::steady_clock::now() + kOutputGrace;
  while (true) {
    Drain(output.read, command.output);
    Drain(errors.read, command.errors);
    if (!output.read.valid() && !errors.read.valid()) break;
    if (std::chrono::steady_clock::now() >= end) {
      command.is_whole = false;
      break;
    }
    Wait(process, output.read, errors.read, end);
  }
  if (timed_out) {
    command.end = CommandTimedOut{};
  } else if (WIFSIGNALED(status)) {
    command.end = CommandSignalled{WTERMSIG(status)};
  } else {
    command.end = CommandExited{WEXITSTATUS(status)};
  }
  return command;
}

}  // namespace zeus
