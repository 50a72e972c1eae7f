#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>

/// The process that stands between us and a training command. It is made by fork(2) from a process that may have
/// threads, so that everything here is async-signal-safe: no allocation, no locks, no C++ library beyond headers.
namespace zeus::internal {

/// What it works with; pointers and descriptors are those of the process that forked it.
struct SupervisorPlan {
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* workdir = nullptr;  ///< Null: stays where it is.
  int control = -1;     ///< SOCK_SEQPACKET. A byte from us: end the command. Its end: we are dead, end the command.
  int output = -1;      ///< A pipe with the command's output: the end to read. We keep it, too,
  int output_end = -1;  ///< but not the other end, which is the command's.
  int log = -1;
  int echo = -1;             ///< -1: nobody.
  int held = -1;             ///< -1: nothing.
  int64_t grace_ms = 10000;  ///< Between SIGTERM and SIGKILL.
  sigset_t mask{};           ///< Of signals, for the command; here all are blocked.
};

/// What it tells us, a message each.
struct SupervisorMessage {
  enum class Kind : int32_t { kStarted, kCannotStart, kEnded };
  enum class Step : int32_t { kPrepare, kWorkdir, kRun };

  Kind kind = Kind::kStarted;
  Step step = Step::kPrepare;  ///< kCannotStart: what failed, with `error`.
  pid_t command = -1;          ///< kStarted, which comes before anything of the command runs.
  int status = 0;              ///< kEnded: as wait(2) tells it.
  int error = 0;
  int log_error = 0;     ///< kEnded: why the log could not be written; 0: it was.
  int32_t survived = 0;  ///< kEnded: not even SIGKILL ended everything; `status` may mean nothing.
};

/// Lives the supervisor's life, in the process made for it, with all signals blocked.
[[noreturn]] void Supervise(const SupervisorPlan& plan);

}  // namespace zeus::internal
