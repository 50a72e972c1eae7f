#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/files.h"

namespace zeus::testing {

/// The whole content of a file, or nothing where there is none.
inline std::string Content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct CommandResult {
  int exit_code = -1;  ///< -1 when it was killed by a signal.
  std::string output;
  std::string error;
};

/// Runs a shell command line in a folder and waits for it.
inline CommandResult RunCommand(const std::string& command, const std::filesystem::path& folder) {
  const TemporaryFolder captured;
  const std::string output = captured.path() / "output";
  const std::string error = captured.path() / "error";
  const std::string line = "cd '" + folder.string() + "' && { " + command + "\n} >" + output + " 2>" + error;
  const int status = std::system(line.c_str());
  return {
      .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .output = Content(output), .error = Content(error)};
}

}  // namespace zeus::testing
