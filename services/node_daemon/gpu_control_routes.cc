#include <array>
#include <functional>
#include <string>
#include <vector>

#include "services/node_daemon/answers.h"
#include "services/node_daemon/chosen_devices.h"
#include "services/node_daemon/gpu_routes.h"
#include "services/node_daemon/lease_routes.h"
#include "services/node_daemon/strict_query.h"

namespace zeus {
namespace {

using http::Request;
using http::Responder;
using http::Response;
using Kind = QueryRule::Kind;

struct Operation {
  std::vector<QueryRule> fields;  ///< Between "gpu_ids" and "block".
  std::function<SettingChange(const QueryValues&)> change;
};

Response Done() {
  return {.status = 200, .body = "", .content_type = ""};
}

Response AnswerTo(const Gather<bool>::Results& results, NodeGpus& gpus) {
  std::map<uint64_t, DeviceFailure> failures;
  for (const auto& [id, result] : results) {
    if (!result) failures.emplace(id, FailureOf(result.error(), gpus.gpu(id).gpu().info().vendor));
  }
  return failures.empty() ? Done() : FailuresAnswer(failures);
}

void ChangeAll(NodeGpus& gpus, const std::vector<uint64_t>& ids, const ChangeRequest& change, Responder responder) {
  const auto gather =
      Gather<bool>::Of(ids.size(), [&gpus, responder = std::move(responder)](Gather<bool>::Results results) mutable {
        responder.Send(AnswerTo(results, gpus));
      });
  for (const uint64_t id : ids) {
    gpus.gpu(id).Change(change, [gather, id](const Result<void>& changed) {
      gather->Put(id, changed ? Result<bool>(true) : std::unexpected(changed.error()));
    });
  }
}

// Where changes are asked for.
struct Control {
  http::Router& router;
  NodeGpus& gpus;
  LeaseBook& leases;
  const WhoAsks& who;
};

void AddOperation(const Control& control, Operation operation) {
  std::vector<QueryRule> rules = {{.name = kGpuKind.field}};
  rules.insert(rules.end(), operation.fields.begin(), operation.fields.end());
  rules.push_back({.name = "block", .kind = Kind::kFlag});
  // Any values will do to learn its name.
  http::NamedTexts sample = {{std::string(kGpuKind.field), "0"}, {"block", "true"}};
  for (const QueryRule& field : operation.fields) {
    sample.emplace_back(field.name, field.kind == Kind::kFlag ? "true" : "0");
  }
  const std::string name = OperationName(operation.change(*ReadQuery(sample, rules)));
  control.router.Add("POST", "/gpu/" + name,
                     [&gpus = control.gpus, &leases = control.leases, who = control.who, rules,
                      change_of = std::move(operation.change)](const Request& request, Responder responder) {
                       auto query = ReadQuery(request.query, rules);
                       if (!query) return responder.Send(std::move(query).error());
                       auto ids = ChooseToWrite(kGpuKind, *query->Text(kGpuKind.field), gpus.ids());
                       if (!ids) return responder.Send(std::move(ids).error());
                       ChangeRequest change{.change = change_of(*query), .who = who(request), .lease = {}};
                       if (const std::string* const lease = request.Header("zeus-lease")) {
                         change.lease = leases.Find(*lease);
                         if (!change.lease) return responder.Send(NoSuchLease());
                       }
                       if (query->Flag("block")) return ChangeAll(gpus, *ids, change, std::move(responder));
                       for (const uint64_t id : *ids) gpus.gpu(id).Change(change, [](const Result<void>&) {});
                       responder.Send(Done());
                     });
}

}  // namespace

void AddGpuControlRoutes(http::Router& router, NodeGpus& gpus, LeaseBook& leases, const WhoAsks& who) {
  const Control control{router, gpus, leases, who};
  constexpr double kMilliwattsPerWatt = 1000;
  const std::vector<QueryRule> clocks = {{.name = "min_clock_mhz", .kind = Kind::kNumber},
                                         {.name = "max_clock_mhz", .kind = Kind::kNumber}};
  const auto lock = [](ClockDomain domain) {
    return [domain](const QueryValues& query) -> SettingChange {
      return ClockLock{domain, {Megahertz(query.Number("min_clock_mhz")), Megahertz(query.Number("max_clock_mhz"))}};
    };
  };
  const auto reset = [](std::optional<ClockDomain> domain) {
    return [domain](const QueryValues&) -> SettingChange { return ClockReset{domain}; };
  };
  AddOperation(control,
               {{{.name = "power_limit_mw", .kind = Kind::kNumber}}, [](const QueryValues& query) -> SettingChange {
                  return PowerLimitChange{Watts(query.Number("power_limit_mw") / kMilliwattsPerWatt)};
                }});
  AddOperation(control,
               {{{.name = "enabled", .kind = Kind::kFlag}}, [](const QueryValues& query) -> SettingChange {
                  return PersistenceChange{query.Flag("enabled") ? PersistenceMode::kOn : PersistenceMode::kOff};
                }});
  AddOperation(control, {clocks, lock(ClockDomain::kGraphics)});
  AddOperation(control, {clocks, lock(ClockDomain::kMemory)});
  AddOperation(control, {{}, reset(ClockDomain::kGraphics)});
  AddOperation(control, {{}, reset(ClockDomain::kMemory)});
  AddOperation(control, {{}, reset(std::nullopt)});
}

}  // namespace zeus
