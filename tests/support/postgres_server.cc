#include "tests/support/postgres_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace zeus::testing {
namespace {

constexpr const char* kFolder = "/usr/lib/postgresql/15/bin";

pid_t Spawn(const std::vector<std::string>& command, const std::filesystem::path& log) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (::chdir("/") != 0) ::_exit(127);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

int Wait(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string Content(const std::filesystem::path& file) {
  std::stringstream content;
  content << std::ifstream(file).rdbuf();
  return content.str();
}

}  // namespace

Result<std::unique_ptr<PostgresServer>> PostgresServer::Start() {
  if (!std::filesystem::exists(std::string(kFolder) + "/postgres")) {
    return Fail(ErrorCode::kNotFound, std::string("PostgreSQL is not installed: there is no ") + kFolder + "/postgres");
  }
  std::vector<std::string> prefix = {"setpriv", "--pdeathsig", "KILL"};
  const bool root = ::geteuid() == 0;
  const passwd* const user = root ? ::getpwnam("postgres") : nullptr;
  if (root && user == nullptr) return Fail(ErrorCode::kNotFound, "there is no user postgres to run PostgreSQL as");
  if (root) prefix.insert(prefix.end(), {"--reuid=postgres", "--regid=postgres", "--clear-groups"});
  std::unique_ptr<PostgresServer> server(new PostgresServer(kFolder, std::move(prefix)));
  if (root && ::chown(server->folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
    return Fail(ErrorCode::kPermissionDenied, "cannot give the folder to the user postgres");
  }
  ZEUS_RETURN_IF_ERROR(server->Make());
  ZEUS_RETURN_IF_ERROR(server->Run());
  return server;
}

PostgresServer::~PostgresServer() {
  Kill();
}

std::string PostgresServer::Url(const std::string& name) const {
  return fmt::format("postgresql://zeus@/{}?host={}", name, folder_.path().string());
}

Result<void> PostgresServer::Make() {
  std::vector<std::string> command = prefix_;
  command.insert(command.end(), {programs_ + "/initdb", "--pgdata", folder_.path() / "data", "--auth", "trust",
                                 "--username", "zeus", "--encoding", "UTF8", "--locale", "C", "--no-sync"});
  const std::filesystem::path log = folder_.path() / "initdb.log";
  if (Wait(Spawn(command, log)) == 0) return {};
  return Fail(ErrorCode::kUnavailable, "initdb failed: " + Content(log));
}

Result<void> PostgresServer::Run() {
  std::vector<std::string> command = prefix_;
  command.insert(command.end(), {programs_ + "/postgres", "-D", folder_.path() / "data", "-k", folder_.path(), "-F"});
  for (const char* const setting : {"listen_addresses=", "shared_buffers=16MB", "autovacuum=off", "max_connections=20",
                                    "dynamic_shared_memory_type=mmap"}) {
    command.insert(command.end(), {"-c", setting});
  }
  const std::filesystem::path log = folder_.path() / "postgres.log";
  process_ = Spawn(command, log);
  for (int i = 0; i < 600; ++i) {
    if (Wait(Spawn({programs_ + "/pg_isready", "-h", folder_.path()}, "/dev/null")) == 0) return {};
    // What is left of a killed one may not have ended yet.
    if (::waitpid(process_, nullptr, WNOHANG) == process_) process_ = Spawn(command, log);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  Kill();
  return Fail(ErrorCode::kUnavailable, "postgres did not start: " + Content(log));
}

std::vector<pid_t> PostgresServer::Processes() const {
  if (process_ < 0) return {};
  std::vector<pid_t> processes = {process_};
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", process_));
  for (pid_t child = 0; children >> child;) processes.push_back(child);
  return processes;
}

void PostgresServer::Send(int signal) const {
  for (const pid_t process : Processes()) ::kill(process, signal);
}

void PostgresServer::Kill() {
  if (process_ < 0) return;
  Send(SIGKILL);
  Wait(process_);
  process_ = -1;
}

}  // namespace zeus::testing
