#include "zeus/device/remote/node_client.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <mutex>
#include <utility>
#include <vector>

#include "zeus/device/remote/node_answers_json.h"
#include "zeus/http_client/client.h"

namespace zeus {
namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

std::string IdsQuery(std::string_view name, std::span<const node::Id> ids) {
  return ids.empty() ? "" : fmt::format("{}={}", name, fmt::join(ids, ","));
}

std::string WithQuery(std::string_view path, const std::string& query) {
  return query.empty() ? std::string(path) : fmt::format("{}?{}", path, query);
}

int64_t Whole(double value) {
  return std::llround(value);
}

std::string FieldsOf(const node::Change& change) {
  return std::visit(Overloaded{[](const node::SetPowerLimit& set) {
                                 constexpr double kMilli = 1e3;
                                 return fmt::format("&power_limit_mw={}", Whole(set.limit.value() * kMilli));
                               },
                               [](const node::SetPersistenceMode& set) {
                                 return fmt::format("&enabled={}", set.mode == PersistenceMode::kOn);
                               },
                               [](const node::LockClocks& lock) {
                                 return fmt::format("&min_clock_mhz={}&max_clock_mhz={}",
                                                    Whole(lock.range.minimum.value()),
                                                    Whole(lock.range.maximum.value()));
                               },
                               [](const node::ResetClocks&) { return std::string(); }},
                    change);
}

}  // namespace

std::string_view NameOf(const node::Change& change) {
  return std::visit(
      Overloaded{[](const node::SetPowerLimit&) -> std::string_view { return "set_power_limit"; },
                 [](const node::SetPersistenceMode&) -> std::string_view { return "set_persistence_mode"; },
                 [](const node::LockClocks& lock) -> std::string_view {
                   return lock.domain == ClockDomain::kGraphics ? "set_gpu_locked_clocks" : "set_mem_locked_clocks";
                 },
                 [](const node::ResetClocks& reset) -> std::string_view {
                   if (!reset.domain) return "reset_locked_clocks";
                   return *reset.domain == ClockDomain::kGraphics ? "reset_gpu_locked_clocks"
                                                                  : "reset_mem_locked_clocks";
                 }},
      change);
}

std::string TargetOf(std::span<const node::Id> gpus, const node::Change& change, node::Wait wait) {
  return fmt::format("/gpu/{}?{}{}&block={}", NameOf(change), IdsQuery("gpu_ids", gpus), FieldsOf(change),
                     wait == node::Wait::kUntilMade);
}

// Connections of one process. A forked child leaves its parent's alone, lock included: it makes another pool.
class NodeClient::Pool {
 public:
  [[nodiscard]] bool IsOfThisProcess() const { return owner_ == ::getpid(); }

  /// Null where there is none.
  std::unique_ptr<http::Client> Take() {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return nullptr;
    std::unique_ptr<http::Client> client = std::move(idle_.back());
    idle_.pop_back();
    return client;
  }
  void Put(std::unique_ptr<http::Client> client) {
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(client));
  }

 private:
  const pid_t owner_ = ::getpid();
  std::mutex mutex_;
  std::vector<std::unique_ptr<http::Client>> idle_;  // Guarded by mutex_.
};

NodeClient::NodeClient(NodeConfig config, std::chrono::milliseconds timeout)
    : config_(std::move(config)), timeout_(timeout), pool_(new Pool) {}

NodeClient::~NodeClient() {
  // A parent's stays: ending its connections is the parent's.
  if (Pool* const pool = pool_; pool->IsOfThisProcess()) delete pool;
}

NodeClient::Pool& NodeClient::PoolOfThisProcess() {
  Pool* pool = pool_;
  while (!pool->IsOfThisProcess()) {
    auto own = std::make_unique<Pool>();
    if (pool_.compare_exchange_strong(pool, own.get())) pool = own.release();
  }
  return *pool;
}

Result<http::Answer> NodeClient::Ask(std::string_view method, std::string_view target,
                                     const http::NamedTexts& headers) {
  Pool& pool = PoolOfThisProcess();
  std::unique_ptr<http::Client> client = pool.Take();
  bool is_kept = client != nullptr;
  while (true) {
    if (!is_kept) {
      client = std::make_unique<http::Client>(config_.address, timeout_);
      if (!config_.token.empty()) client->SetToken(config_.token);
    }
    Result<http::Answer> answer = client->Send(method, target, {}, headers);
    if (answer) {
      pool.Put(std::move(client));
      return answer;
    }
    if (!std::exchange(is_kept, false)) {
      return Fail(answer.error().code,
                  fmt::format("Cannot reach Zeusd at {}: {}", config_.Endpoint(), answer.error().message));
    }
  }
}

std::unexpected<Error> NodeClient::Refusal(std::string_view operation, const http::Answer& answer) const {
  ErrorCode code = ErrorCode::kUnavailable;
  if (answer.status == 400) code = ErrorCode::kInvalidArgument;
  if (answer.status == 401 || answer.status == 403) code = ErrorCode::kPermissionDenied;
  if (answer.status == 404 || answer.status == 405 || answer.status == 409) code = ErrorCode::kFailedPrecondition;
  const std::string words = node::WordsOf(answer);
  return Fail(code, fmt::format("Zeusd at {}: {}: {}", config_.Endpoint(), operation,
                                words.empty() ? fmt::format("HTTP {}", answer.status) : words));
}

Result<std::string> NodeClient::Get(std::string_view operation, const std::string& target) {
  ZEUS_ASSIGN_OR_RETURN(http::Answer answer, Ask("GET", target));
  if (answer.status != 200) return Refusal(operation, answer);
  return std::move(answer.body);
}

Result<node::Discovery> NodeClient::Discover() {
  ZEUS_ASSIGN_OR_RETURN(const http::Answer answer, Ask("GET", "/discover"));
  if (answer.status != 200) {
    return Fail(ErrorCode::kFailedPrecondition, fmt::format("Zeusd at {} returned HTTP {} on /discover: {}",
                                                            config_.Endpoint(), answer.status, answer.body));
  }
  return node::ParseDiscovery(answer.body, config_.Endpoint());
}

Result<node::Identity> NodeClient::WhoAmI() {
  ZEUS_ASSIGN_OR_RETURN(const std::string body, Get("who am I", "/auth/whoami"));
  return node::ParseIdentity(body, config_.Endpoint());
}

Result<int64_t> NodeClient::Time() {
  ZEUS_ASSIGN_OR_RETURN(const std::string body, Get("get time", "/time"));
  return node::ParseTime(body, config_.Endpoint());
}

Result<node::GpuPower> NodeClient::ReadGpuPower(std::span<const node::Id> gpus) {
  ZEUS_ASSIGN_OR_RETURN(const std::string body,
                        Get("get GPU power", WithQuery("/gpu/get_power", IdsQuery("gpu_ids", gpus))));
  return node::ParseGpuPower(body, config_.Endpoint());
}

Result<std::map<node::Id, Joules>> NodeClient::ReadGpuEnergy(std::span<const node::Id> gpus) {
  ZEUS_ASSIGN_OR_RETURN(const std::string body,
                        Get("get GPU energy", WithQuery("/gpu/get_cumulative_energy", IdsQuery("gpu_ids", gpus))));
  return node::ParseGpuEnergy(body, config_.Endpoint());
}

Result<std::map<node::Id, Watts>> NodeClient::ReadPowerLimit(std::span<const node::Id> gpus) {
  ZEUS_ASSIGN_OR_RETURN(const std::string body,
                        Get("get power limit", WithQuery("/gpu/get_power_limit", IdsQuery("gpu_ids", gpus))));
  return node::ParsePowerLimit(body, config_.Endpoint());
}

Result<std::map<node::Id, node::PowerLimits>> NodeClient::ReadPowerLimits(std::span<const node::Id> gpus) {
  ZEUS_ASSIGN_OR_RETURN(
      const std::string body,
      Get("get power limit constraints", WithQuery("/gpu/get_power_limit_constraints", IdsQuery("gpu_ids", gpus))));
  return node::ParsePowerLimits(body, config_.Endpoint());
}

Result<std::map<node::Id, PersistenceMode>> NodeClient::ReadPersistenceMode(std::span<const node::Id> gpus) {
  ZEUS_ASSIGN_OR_RETURN(const std::string body,
                        Get("get persistence mode", WithQuery("/gpu/get_persistence_mode", IdsQuery("gpu_ids", gpus))));
  return node::ParsePersistenceMode(body, config_.Endpoint());
}

Result<std::map<node::Id, node::CpuEnergy>> NodeClient::ReadCpuEnergy(std::span<const node::Id> cpus) {
  const std::string ids = IdsQuery("cpu_ids", cpus);
  const std::string query = "cpu=true&dram=true" + (ids.empty() ? "" : "&" + ids);
  ZEUS_ASSIGN_OR_RETURN(const std::string body, Get("get CPU energy", WithQuery("/cpu/get_cumulative_energy", query)));
  return node::ParseCpuEnergy(body, config_.Endpoint());
}

Result<node::CpuPowers> NodeClient::ReadCpuPower(std::span<const node::Id> cpus) {
  ZEUS_ASSIGN_OR_RETURN(const std::string body,
                        Get("get CPU power", WithQuery("/cpu/get_power", IdsQuery("cpu_ids", cpus))));
  return node::ParseCpuPowers(body, config_.Endpoint());
}

Result<void> NodeClient::Change(std::span<const node::Id> gpus, const node::Change& change, node::Wait wait,
                                const std::optional<std::string>& lease) {
  http::NamedTexts headers;
  if (lease) headers.emplace_back("Zeus-Lease", *lease);
  ZEUS_ASSIGN_OR_RETURN(const http::Answer answer, Ask("POST", TargetOf(gpus, change, wait), headers));
  if (answer.status != 200) return Refusal(NameOf(change), answer);
  return {};
}

}  // namespace zeus
