#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/zeus/server_flags.h"

namespace zeus {

/// Of `zeus run`. What is absent may be said in the job file.
struct RunFlags {
  std::string job;
  bool observer = false;
  std::optional<int64_t> recurrences;
  std::optional<double> eta;
  std::optional<double> beta;
  std::optional<uint64_t> seed;
  std::string batch_policy;
  std::vector<std::string> plugins;
  std::optional<uint64_t> window;
  ServerFlags server;
  std::string job_id;
  std::string log_dir = "zeus_runs";
  std::optional<double> timeout;
  std::string resume;
  std::string plot;
  bool dry_run = false;
  bool json = false;
  bool quiet = false;

  /// Whether a server chooses batch sizes.
  [[nodiscard]] bool is_served() const { return !server.url.empty(); }
};

/// The name of a server among batch-size policies.
inline constexpr std::string_view kServedPolicy = "server";

void AddRunFlags(CLI::App& command, RunFlags& flags);

/// The command that goes on with the run in `folder`, which lacks `left` recurrences: the same flags, and its folder.
/// With a server, which remembers, it is a new run of what is left.
std::string GoOnCommand(const RunFlags& flags, const std::filesystem::path& folder, int64_t left);

}  // namespace zeus
