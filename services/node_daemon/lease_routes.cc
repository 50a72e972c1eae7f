#include "services/node_daemon/lease_routes.h"

#include <array>
#include <functional>
#include <memory>
#include <utility>

#include "services/node_daemon/answers.h"
#include "services/node_daemon/gather.h"
#include "services/node_daemon/strict_query.h"
#include "zeus/base/json_fields.h"

namespace zeus {
namespace {

using http::Request;
using http::Responder;
using http::Response;

constexpr uint32_t kLongestTtl = 86'400;
constexpr std::array kOpenRules = {
    QueryRule{.name = "ttl_s", .kind = QueryRule::Kind::kNumber, .presence = QueryRule::Presence::kOptional}};
constexpr std::array kIdRules = {QueryRule{.name = "lease_id"}};

// A lease for as long as the client takes the answer: it says which, and then nothing more.
class HeldLease final : public http::BodyStream {
 public:
  HeldLease(LeaseBook& leases, LeaseBook::Opened lease) : leases_(leases), lease_(std::move(lease)) {
    first_ = "data: " + Json{{"lease_id", lease_.id}, {"number", lease_.number}}.dump() + "\n\n";
  }
  ~HeldLease() override { leases_.End(lease_.id); }

  void OnNews(std::function<void()> wake) override {
    if (wake) {
      wake();
    } else {
      leases_.End(lease_.id);
    }
  }
  std::string Take() override { return std::exchange(first_, {}); }

 private:
  LeaseBook& leases_;
  const LeaseBook::Opened lease_;
  std::string first_;
};

Json ToJson(const LeaseView& lease) {
  Json changes = Json::object();
  for (const auto& [gpu, of_gpu] : lease.changes) changes[std::to_string(gpu)] = of_gpu;
  return {{"number", lease.number},
          {"holder", lease.holder},
          {"since_ms", lease.since_ms},
          {"ttl_s", lease.ttl ? Json(lease.ttl->value()) : Json()},
          {"expires_in_s", lease.expires_in ? Json(lease.expires_in->value()) : Json()},
          {"changes", changes}};
}

Response ListOf(const LeaseBook& leases) {
  Json list = Json::array();
  for (const LeaseView& lease : leases.List()) list.push_back(ToJson(lease));
  return {.body = Json{{"leases", list}}.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Response Open(LeaseBook& leases, const QueryValues& query, std::string holder) {
  if (!query.Has("ttl_s")) {
    return {.content_type = "text/event-stream",
            .headers = {{"Cache-Control", "no-cache"}},
            .stream = std::make_shared<HeldLease>(leases, leases.Open(std::move(holder), std::nullopt))};
  }
  const uint32_t ttl = query.Number("ttl_s");
  if (ttl == 0 || ttl > kLongestTtl) return ErrorAnswer(400, "ttl_s must be 1 to 86400");
  const LeaseBook::Opened lease = leases.Open(std::move(holder), Seconds(ttl));
  return {.status = 201, .body = Json{{"lease_id", lease.id}, {"number", lease.number}, {"ttl_s", ttl}}.dump()};
}

// Answers once every GPU has put back what it had to.
void AnswerWhenDone(NodeGpus& gpus, Responder responder) {
  const std::vector<uint64_t> ids = gpus.ids();
  const Response done{.status = 200, .body = "", .content_type = ""};
  if (ids.empty()) return responder.Send(done);
  const auto gather = Gather<bool>::Of(ids.size(), [done, responder = std::move(responder)](
                                                       const Gather<bool>::Results&) mutable { responder.Send(done); });
  for (const uint64_t id : ids) gpus.gpu(id).Ask([gather, id](Gpu&) { gather->Put(id, true); });
}

}  // namespace

Response NoSuchLease() {
  return ErrorAnswer(409, "There is no such lease; it may have ended.");
}

void AddLeaseRoutes(http::Router& router, LeaseBook& leases, NodeGpus& gpus, const WhoAsks& who) {
  router.Add("GET", "/leases", [&leases](const Request&, Responder responder) { responder.Send(ListOf(leases)); });
  router.Add("POST", "/leases", [&leases, who](const Request& request, Responder responder) {
    auto query = ReadQuery(request.query, kOpenRules);
    responder.Send(query ? Open(leases, *query, who(request)) : std::move(query).error());
  });
  router.Add("POST", "/leases/renew", [&leases](const Request& request, Responder responder) {
    auto query = ReadQuery(request.query, kIdRules);
    if (!query) return responder.Send(std::move(query).error());
    const std::optional<Seconds> ttl = leases.Renew(*query->Text("lease_id"));
    responder.Send(ttl ? Response{.body = Json{{"ttl_s", ttl->value()}}.dump()} : NoSuchLease());
  });
  router.Add("DELETE", "/leases", [&leases, &gpus](const Request& request, Responder responder) {
    auto query = ReadQuery(request.query, kIdRules);
    if (!query) return responder.Send(std::move(query).error());
    if (!leases.End(*query->Text("lease_id"))) return responder.Send(NoSuchLease());
    AnswerWhenDone(gpus, std::move(responder));
  });
}

}  // namespace zeus
