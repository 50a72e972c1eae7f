#include "services/node_daemon/cpu_routes.h"

#include <array>
#include <string>

#include "services/node_daemon/answers.h"
#include "services/node_daemon/chosen_devices.h"
#include "services/node_daemon/event_stream.h"
#include "services/node_daemon/node_gpu.h"
#include "services/node_daemon/strict_query.h"
#include "zeus/base/json_fields.h"
#include "zeus/base/wall_time.h"

namespace zeus {
namespace {

using http::Request;
using http::Responder;
using http::Response;

constexpr QueryRule kIdsRule{.name = kCpuKind.field, .presence = QueryRule::Presence::kOptional};
constexpr std::array kIdsRules = {kIdsRule};
constexpr std::array kEnergyRules = {kIdsRule, QueryRule{.name = "cpu", .kind = QueryRule::Kind::kFlag},
                                     QueryRule{.name = "dram", .kind = QueryRule::Kind::kFlag}};

Json OrNull(const std::optional<int64_t>& value) {
  return value ? Json(*value) : Json();
}

// The readings by id, as `to_json` writes one; or what failed.
template <class Value, class ToJson>
std::expected<Json, Response> ById(const typename Gather<Value>::Results& results, ToJson to_json) {
  std::map<uint64_t, DeviceFailure> failures;
  Json by_id = Json::object();
  for (const auto& [id, result] : results) {
    if (result) {
      by_id[std::to_string(id)] = to_json(*result);
    } else {
      failures.emplace(id, CpuFailureOf(result.error()));
    }
  }
  if (failures.empty()) return by_id;
  return std::unexpected(FailuresAnswer(failures));
}

Response PowerSnapshot(const Json& by_id) {
  return {.body = Json{{"timestamp_ms", NowMilliseconds()}, {"power_mw", by_id}}.dump()};
}

void GetEnergy(NodeCpus& cpus, const Request& request, Responder responder) {
  auto query = ReadQuery(request.query, kEnergyRules);
  if (!query) return responder.Send(std::move(query).error());
  auto ids = ChooseToRead(kCpuKind, query->Text(kCpuKind.field), cpus.ids());
  if (!ids) return responder.Send(std::move(ids).error());
  if (ids->empty()) return responder.Send({.body = "{}"});
  const bool wants_cpu = query->Flag("cpu");
  const bool wants_dram = query->Flag("dram");
  cpus.ReadEnergies(*ids, [wants_cpu, wants_dram,
                           responder = std::move(responder)](const Gather<CpuEnergies>::Results& results) mutable {
    auto by_id = ById<CpuEnergies>(results, [&](const CpuEnergies& energies) {
      return Json{{"cpu_energy_uj", wants_cpu ? Json(energies.package_uj) : Json()},
                  {"dram_energy_uj", wants_dram ? OrNull(energies.dram_uj) : Json()}};
    });
    responder.Send(by_id ? Response{.body = by_id->dump()} : std::move(by_id).error());
  });
}

void GetPower(NodeCpus& cpus, const Request& request, Responder responder) {
  auto query = ReadQuery(request.query, kIdsRules);
  if (!query) return responder.Send(std::move(query).error());
  auto ids = ChooseToRead(kCpuKind, query->Text(kCpuKind.field), cpus.ids());
  if (!ids) return responder.Send(std::move(ids).error());
  if (ids->empty()) return responder.Send(PowerSnapshot(Json::object()));
  cpus.ReadPowers(*ids, [responder = std::move(responder)](const Gather<CpuPowers>::Results& results) mutable {
    auto by_id = ById<CpuPowers>(results, [](const CpuPowers& powers) {
      return Json{{"cpu_mw", powers.package_mw}, {"dram_mw", OrNull(powers.dram_mw)}};
    });
    responder.Send(by_id ? PowerSnapshot(*by_id) : std::move(by_id).error());
  });
}

void StreamPower(NodeCpus& cpus, const Request& request, Responder responder) {
  auto query = ReadQuery(request.query, kIdsRules);
  if (!query) return responder.Send(std::move(query).error());
  auto ids = ChooseToStream(kCpuKind, query->Text(kCpuKind.field), cpus.ids());
  if (!ids) return responder.Send(std::move(ids).error());
  std::vector<PowerFeed*> feeds;
  for (const uint64_t id : *ids) feeds.push_back(&cpus.power(id));
  responder.Send(EventStreamAnswer(std::move(feeds)));
}

}  // namespace

void AddCpuReadRoutes(http::Router& router, NodeCpus& cpus) {
  const auto add = [&](std::string_view path, void (*handler)(NodeCpus&, const Request&, Responder)) {
    router.Add("GET", path, [&cpus, handler](const Request& request, Responder responder) {
      handler(cpus, request, std::move(responder));
    });
  };
  add("/cpu/get_cumulative_energy", GetEnergy);
  add("/cpu/get_power", GetPower);
  add("/cpu/stream_power", StreamPower);
}

}  // namespace zeus
