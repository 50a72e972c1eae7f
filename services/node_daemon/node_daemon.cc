#include "services/node_daemon/node_daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "services/node_daemon/answers.h"
#include "services/node_daemon/cpu_routes.h"
#include "services/node_daemon/gpu_routes.h"
#include "services/node_daemon/lease_routes.h"
#include "zeus/base/json_fields.h"
#include "zeus/base/wall_time.h"

namespace zeus {
namespace {

using http::Request;
using http::Responder;
using http::Response;

bool IsForEverybody(const std::vector<std::string>& segments) {
  return segments.size() == 1 && (segments[0] == "discover" || segments[0] == "time");
}

bool IsAboutTokens(const std::vector<std::string>& segments) {
  return segments.size() > 1 && segments[0] == "auth";
}

}  // namespace

NodeDaemon::NodeDaemon(const std::vector<Gpu*>& gpus, const std::vector<Cpu*>& cpus, NodeDaemonOptions options)
    : options_(std::move(options)),
      leases_([this](int64_t lease) { gpus_.EndLease(lease); }),
      gpus_(gpus, {.overrides = &options_.overrides,
                   .poll_period = options_.gpu_poll_period,
                   .keeping = options_.keeping,
                   .leases = &leases_,
                   .log = options_.log}),
      cpus_(cpus, options_.cpu_poll_period, options_.log),
      metrics_({.gpus = IsEnabled(ApiGroup::kGpuRead) ? gpus : std::vector<Gpu*>(),
                .cpus = IsEnabled(ApiGroup::kCpuRead) ? cpus : std::vector<Cpu*>(),
                .leases = &leases_,
                .requests = options_.requests}) {}

void NodeDaemon::Stop() {
  metrics_.Stop();
  leases_.Stop();
  gpus_.Stop();
  cpus_.Stop();
}

http::Router NodeDaemon::Routes() {
  http::Router router;
  router.SetGate([this](const Request& request) { return RefusalOf(request); });
  router.SetFallback({.status = 404, .body = "", .content_type = ""});
  router.Add("GET", "/discover", [this](const Request&, Responder responder) { responder.Send(Discover()); });
  router.Add("GET", "/time", [](const Request&, Responder responder) {
    responder.Send({.body = Json{{"timestamp_ms", NowMilliseconds()}}.dump()});
  });
  router.Add("GET", "/auth/whoami",
             [this](const Request& request, Responder responder) { responder.Send(WhoAmI(request)); });
  const WhoAsks who = [this](const Request& request) { return WhoIs(request); };
  AddGpuControlRoutes(router, gpus_, leases_, who);
  AddLeaseRoutes(router, leases_, gpus_, who);
  AddGpuReadRoutes(router, gpus_);
  AddCpuReadRoutes(router, cpus_);
  metrics_.AddTo(router);
  return router;
}

bool NodeDaemon::IsEnabled(ApiGroup group) const {
  return std::ranges::find(options_.groups, group) != options_.groups.end();
}

std::optional<Response> NodeDaemon::RefusalOf(const Request& request) const {
  const std::optional<ApiGroup> group = ApiGroupOf(request.segments);
  // What is not enabled is not there, whoever asks.
  if (group && !IsEnabled(*group)) {
    return ErrorAnswer(404, fmt::format("API group '{}' is not enabled on this server.", ApiGroupName(*group)));
  }
  if (!options_.guard) {
    if (!IsAboutTokens(request.segments)) return std::nullopt;
    return ErrorAnswer(404, "Authentication is not enabled on this server.");
  }
  if (IsForEverybody(request.segments)) return std::nullopt;
  if (group) {
    auto allowed = options_.guard->Require(ApiGroupName(*group), request);
    return allowed ? std::nullopt : std::optional(std::move(allowed).error());
  }
  auto claims = options_.guard->Authenticate(request);
  return claims ? std::nullopt : std::optional(std::move(claims).error());
}

Response NodeDaemon::Discover() {
  Json gpus = Json::array();
  if (IsEnabled(ApiGroup::kGpuControl) || IsEnabled(ApiGroup::kGpuRead)) {
    for (const uint64_t id : gpus_.ids()) {
      const Gpu& gpu = gpus_.gpu(id).gpu();
      gpus.push_back({{"id", id},
                      {"name", gpu.info().name},
                      {"pci_address", gpu.info().pci_address},
                      {"cumulative_energy_available", gpu.capabilities().Has(Capability::kEnergyCounter)}});
    }
  }
  Json cpus = Json::array();
  if (IsEnabled(ApiGroup::kCpuRead)) {
    for (const uint64_t id : cpus_.ids()) cpus.push_back({{"id", id}, {"dram_available", cpus_.cpu(id).has_dram()}});
  }
  Json groups = Json::array();
  for (const ApiGroup group : options_.groups) groups.push_back(ApiGroupName(group));
  const Json answer = {
      {"gpus", gpus}, {"cpus", cpus}, {"enabled_api_groups", groups}, {"auth_required", options_.guard != nullptr}};
  return {.body = answer.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

std::string NodeDaemon::WhoIs(const Request& request) const {
  std::string who;
  if (options_.guard) {
    if (const auto claims = options_.guard->Authenticate(request)) who = "user " + claims->subject;
  }
  const auto add = [&who](std::string more) {
    if (who.empty()) {
      who = std::move(more);
    } else {
      who.append(", ").append(more);
    }
  };
  if (const auto& process = request.peer.process) {
    add("uid " + std::to_string(process->uid) + ", pid " + std::to_string(process->pid));
  }
  if (!request.peer.address.empty()) add(request.peer.address);
  return who;
}

Response NodeDaemon::WhoAmI(const Request& request) const {
  auto claims = options_.guard->Authenticate(request);
  if (!claims) return std::move(claims).error();
  Json answer = {{"sub", claims->subject}, {"scopes", claims->scopes}};
  if (claims->expires_s) answer["exp"] = *claims->expires_s;
  return {.body = answer.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace zeus
