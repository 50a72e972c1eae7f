#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "zeus/base/result.h"

namespace zeus::testing {

/// A PostgreSQL server of the test's own, in a folder that goes away with it, reached through a Unix socket there. It
/// ends with this object, and with the thread that made it. As root it runs as the user postgres, because it refuses
/// root.
class PostgresServer {
 public:
  /// kNotFound where it is not installed.
  static Result<std::unique_ptr<PostgresServer>> Start();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  /// Of the database `name`.
  [[nodiscard]] std::string Url(const std::string& name = "postgres") const;

  void Kill();                  ///< As a crash does, with all its processes.
  Result<void> Run();           ///< Once killed.
  void Send(int signal) const;  ///< To all its processes.

 private:
  PostgresServer(std::string programs, std::vector<std::string> prefix)
      : programs_(std::move(programs)), prefix_(std::move(prefix)) {}

  Result<void> Make();
  [[nodiscard]] std::vector<pid_t> Processes() const;

  std::string programs_;             // The folder where its programs lie.
  std::vector<std::string> prefix_;  // What goes before its commands.
  TemporaryFolder folder_;
  pid_t process_ = -1;
};

}  // namespace zeus::testing
