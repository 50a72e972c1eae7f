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
    std::string key = {};  ///< What tokens are signed with; empty: nobody is asked for one.
    bool leases = true;
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
    if (options_.leases) options.keeping.journal = folder_.path() / "journal";
    if (!options_.key.empty()) {
      options.guard = std::make_shared<const http::BearerGuard>(
          *http::SigningKey::Of(options_.key),
          http::BearerGuard::Rules{.realm = "zeusd", .scopes = ApiGroupNames(), .now_s = [] { return int64_t{0}; }});
    }
    daemon_.emplace(gpus_, cpus_, std::move(options));
    http::ServerOptions listening;
    listening.socket = socket();
    listening.log = log_;
    auto server = http::Server::Start(std::move(listening), daemon_->Routes());
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }
  void Stop() {
    if (server_) server_->Stop();
    if (daemon_) daemon_->Stop();
    server_.reset();
    daemon_.reset();
  }

  /// Called, on the server's thread, with each request that was answered from the next Start() on.
  void OnRequest(std::function<void(const http::AccessRecord&)> log) { log_ = std::move(log); }

  [[nodiscard]] std::filesystem::path socket() const { return folder_.path() / "zeusd.sock"; }
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
  std::function<void(const http::AccessRecord&)> log_;
  TemporaryFolder folder_;
  std::optional<NodeDaemon> daemon_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace zeus::testing
