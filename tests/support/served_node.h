#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/http/server.h"
#include "services/node_daemon/node_daemon.h"
#include "tests/support/files.h"
#include "zeus/device/remote/node_config.h"

namespace zeus::testing {

/// The node daemon on a socket of its own, which stays the same when it starts again. The devices must outlive it.
class ServedNode {
 public:
  struct Options {
    std::vector<ApiGroup> groups{kAllApiGroups.begin(), kAllApiGroups.end()};
    std::string key = {};               ///< What tokens are signed with; empty: nobody is asked for one.
    bool has_leases = true;             ///< As the published daemon, otherwise.
    std::filesystem::path socket = {};  ///< Empty: one in a folder of its own.
  };

  ServedNode(std::vector<Gpu*> gpus, std::vector<Cpu*> cpus, Options options)
      : gpus_(std::move(gpus)), cpus_(std::move(cpus)), options_(std::move(options)) {
    Start();
  }
  explicit ServedNode(std::vector<Gpu*> gpus, std::vector<Cpu*> cpus = {})
      : ServedNode(std::move(gpus), std::move(cpus), Options()) {}
  ServedNode(const ServedNode&) = delete;
  ServedNode& operator=(const ServedNode&) = delete;
  ~ServedNode() { Stop(); }

  void Start() {
    NodeDaemonOptions options{.groups = options_.groups};
    options.keeping.journal = journal();
    if (!options_.key.empty()) {
      options.guard = std::make_shared<const http::BearerGuard>(
          *http::SigningKey::Of(options_.key),
          http::BearerGuard::Rules{.realm = "zeusd", .scopes = ApiGroupNames(), .now_s = [] { return int64_t{0}; }});
    }
    daemon_.emplace(gpus_, cpus_, std::move(options));
    http::ServerOptions listening;
    listening.socket = socket();
    listening.threads = 2;
    http::Router router = daemon_->Routes();
    if (!options_.has_leases) {
      router.SetGate([](const http::Request& request) -> std::optional<http::Response> {
        if (request.segments.empty() || request.segments.front() != "leases") return std::nullopt;
        return http::Response{.status = 404, .body = "", .content_type = ""};
      });
    }
    auto server = http::Server::Start(std::move(listening), std::move(router));
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }
  void Stop() {
    if (server_) server_->Stop();
    if (daemon_) daemon_->Stop();
    server_.reset();
    daemon_.reset();
  }

  [[nodiscard]] std::filesystem::path socket() const {
    return options_.socket.empty() ? folder_.path() / "zeusd.sock" : options_.socket;
  }
  [[nodiscard]] std::filesystem::path journal() const { return folder_.path() / "journal"; }
  [[nodiscard]] NodeConfig config() const { return {.address = socket()}; }
  /// A token that this daemon takes.
  [[nodiscard]] std::string TokenFor(std::vector<std::string> scopes) const {
    return http::IssueToken({.subject = "alice", .scopes = std::move(scopes), .expires_s = {}},
                            *http::SigningKey::Of(options_.key));
  }

 private:
  const std::vector<Gpu*> gpus_;
  const std::vector<Cpu*> cpus_;
  const Options options_;
  TemporaryFolder folder_;
  std::optional<NodeDaemon> daemon_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace zeus::testing
