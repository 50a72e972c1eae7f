#include <array>
#include <cmath>
#include <functional>
#include <string>

#include "services/node_daemon/answers.h"
#include "services/node_daemon/chosen_devices.h"
#include "services/node_daemon/event_stream.h"
#include "services/node_daemon/gpu_routes.h"
#include "services/node_daemon/strict_query.h"
#include "zeus/base/json_fields.h"
#include "zeus/base/wall_time.h"

namespace zeus {
namespace {

using http::Request;
using http::Responder;
using http::Response;

constexpr std::array kRules = {QueryRule{.name = kGpuKind.field, .presence = QueryRule::Presence::kOptional}};

using ReadOne = Result<Json> (*)(Gpu&);
using Compose = Response (*)(const Json& by_id);

int64_t Thousandths(double value) {
  return std::llround(value * 1000);
}

Result<Json> ReadEnergy(Gpu& gpu) {
  ZEUS_ASSIGN_OR_RETURN(const EnergySample sample, gpu.ReadEnergy());
  return Json{{"energy_mj", Thousandths(sample.energy.value())}};
}

Result<Json> ReadPower(Gpu& gpu) {
  ZEUS_ASSIGN_OR_RETURN(const int64_t milliwatts, ReadMilliwatts(gpu));
  return Json(milliwatts);
}

Result<Json> ReadPowerLimit(Gpu& gpu) {
  ZEUS_ASSIGN_OR_RETURN(const Watts limit, gpu.settings().ReadPowerLimit());
  return Json{{"power_limit_mw", Thousandths(limit.value())}};
}

Result<Json> ReadPowerLimitRange(Gpu& gpu) {
  ZEUS_ASSIGN_OR_RETURN(const PowerLimitRange range, gpu.settings().ReadPowerLimitRange());
  return Json{{"min_power_limit_mw", Thousandths(range.minimum.value())},
              {"max_power_limit_mw", Thousandths(range.maximum.value())}};
}

Result<Json> ReadPersistenceMode(Gpu& gpu) {
  ZEUS_ASSIGN_OR_RETURN(const PersistenceMode mode, gpu.settings().ReadPersistenceMode());
  return Json{{"enabled", mode == PersistenceMode::kOn}};
}

Response AsItIs(const Json& by_id) {
  return {.body = by_id.dump()};
}

Response AsSnapshot(const Json& by_id) {
  return {.body = Json{{"timestamp_ms", NowMilliseconds()}, {"power_mw", by_id}}.dump()};
}

// All or nothing: one that failed takes the others' readings along.
Response AnswerTo(const Gather<Json>::Results& results, NodeGpus& gpus, Compose compose) {
  std::map<uint64_t, DeviceFailure> failures;
  Json by_id = Json::object();
  for (const auto& [id, result] : results) {
    if (result) {
      by_id[std::to_string(id)] = *result;
    } else {
      failures.emplace(id, FailureOf(result.error(), gpus.gpu(id).gpu().info().vendor));
    }
  }
  return failures.empty() ? compose(by_id) : FailuresAnswer(failures);
}

void AddRead(http::Router& router, NodeGpus& gpus, std::string_view path, ReadOne read, Compose compose) {
  router.Add("GET", path, [&gpus, read, compose](const Request& request, Responder responder) {
    auto query = ReadQuery(request.query, kRules);
    if (!query) return responder.Send(std::move(query).error());
    auto ids = ChooseToRead(kGpuKind, query->Text(kGpuKind.field), gpus.ids());
    if (!ids) return responder.Send(std::move(ids).error());
    if (ids->empty()) return responder.Send(compose(Json::object()));
    const auto gather = Gather<Json>::Of(
        ids->size(), [&gpus, compose, responder = std::move(responder)](const Gather<Json>::Results& results) mutable {
          responder.Send(AnswerTo(results, gpus, compose));
        });
    for (const uint64_t id : *ids) {
      gpus.gpu(id).Ask([gather, id, read](Gpu& gpu) { gather->Put(id, read(gpu)); });
    }
  });
}

}  // namespace

void AddGpuReadRoutes(http::Router& router, NodeGpus& gpus) {
  AddRead(router, gpus, "/gpu/get_cumulative_energy", ReadEnergy, AsItIs);
  AddRead(router, gpus, "/gpu/get_power", ReadPower, AsSnapshot);
  AddRead(router, gpus, "/gpu/get_power_limit", ReadPowerLimit, AsItIs);
  AddRead(router, gpus, "/gpu/get_power_limit_constraints", ReadPowerLimitRange, AsItIs);
  AddRead(router, gpus, "/gpu/get_persistence_mode", ReadPersistenceMode, AsItIs);
  router.Add("GET", "/gpu/stream_power", [&gpus](const Request& request, Responder responder) {
    auto query = ReadQuery(request.query, kRules);
    if (!query) return responder.Send(std::move(query).error());
    auto ids = ChooseToStream(kGpuKind, query->Text(kGpuKind.field), gpus.ids());
    if (!ids) return responder.Send(std::move(ids).error());
    std::vector<PowerFeed*> feeds;
    for (const uint64_t id : *ids) feeds.push_back(&gpus.gpu(id).power());
    responder.Send(EventStreamAnswer(std::move(feeds)));
  });
}

}  // namespace zeus
