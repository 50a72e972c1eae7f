#include "services/batch_size_server/routes.h"

#include <limits>
#include <memory>
#include <optional>

#include "services/batch_size_server/wire.h"
#include "services/http/body_fields.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

using http::Request;
using http::Responder;
using http::Response;
using store::Store;

constexpr size_t kPage = 100;
constexpr size_t kLargestPage = 1000;

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kPermissionDenied:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kFailedPrecondition:
      return 409;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kInvalidData:
    case ErrorCode::kUnreachable:
      return 500;
  }
  return 500;
}

Response MessageOf(const Error& error) {
  const Json json = {{"message", error.message}};
  return {.status = StatusOf(error.code), .body = json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Response QueryProblem(std::string_view name, std::string_view message, std::string_view type) {
  const Json problem = {{"loc", {"query", name}}, {"msg", message}, {"type", type}};
  const Json json = {{"detail", Json::array({problem})}};
  return {.status = 422, .body = json.dump()};
}

class Routes {
 public:
  Routes(store::GroupCommit& commit, ServerSources sources) : commit_(commit), sources_(std::move(sources)) {}

  http::Router Make() {
    http::Router router;
    const auto add = [&](const char* method, const char* path,
                         void (Routes::*handler)(const Request&, Responder) const) {
      router.Add(method, path, [routes = *this, handler](const Request& request, Responder responder) {
        (routes.*handler)(request, std::move(responder));
      });
    };
    add("POST", "/jobs", &Routes::PostJob);
    add("DELETE", "/jobs", &Routes::DeleteJob);
    add("GET", "/jobs/batch_size", &Routes::GetBatchSize);  // Before "/jobs/{id}".
    add("POST", "/report", &Routes::PostReport);
    add("PATCH", "/trials", &Routes::PatchTrial);
    add("GET", "/jobs", &Routes::GetJobs);
    add("GET", "/jobs/{id}", &Routes::GetJob);
    add("GET", "/jobs/{id}/trials", &Routes::GetTrials);
    add("GET", "/health", &Routes::GetHealth);
    add("GET", "/ready", &Routes::GetReady);
    return router;
  }

 private:
  using Decide = std::function<Result<Response>(Store&)>;

  // Decides on the store's thread, and answers once what was decided is durable.
  void Submit(Responder responder, Decide decide) const {
    auto response = std::make_shared<Response>();
    commit_.Submit(
        [response, decide = std::move(decide)](Store& store) -> Result<void> {
          ZEUS_ASSIGN_OR_RETURN(*response, decide(store));
          return {};
        },
        [response, responder = std::move(responder)](const Result<void>& outcome) mutable {
          responder.Send(outcome ? std::move(*response) : MessageOf(outcome.error()));
        });
  }

  void PostJob(const Request& request, Responder responder) const {
    Parsed<store::JobSettings> settings = ParseJobSpec(request.body);
    if (!settings) return responder.Send(std::move(settings).error());
    Submit(std::move(responder), [settings = *settings, entropy = sources_.entropy](Store& store) -> Result<Response> {
      ZEUS_ASSIGN_OR_RETURN(const Registration registration, RegisterJob(store, settings, entropy));
      return Response{.status = registration.is_new ? 201 : 200, .body = ToJsonText(registration.settings)};
    });
  }

  void DeleteJob(const Request& request, Responder responder) const {
    const std::string* const job_id = request.Query("job_id");
    if (job_id == nullptr) return MissingJobId(std::move(responder));
    Submit(std::move(responder), [job_id = *job_id](Store& store) -> Result<Response> {
      ZEUS_ASSIGN_OR_RETURN(const bool deleted, store.DeleteJob(job_id));
      if (!deleted) return Fail(ErrorCode::kNotFound, "No job was deleted.");
      return Response{.body = "null"};
    });
  }

  void GetBatchSize(const Request& request, Responder responder) const {
    const std::string* const job_id = request.Query("job_id");
    if (job_id == nullptr) return MissingJobId(std::move(responder));
    Submit(std::move(responder),
           [job_id = *job_id, now = sources_.now_ms, lease = sources_.lease_ms](Store& store) -> Result<Response> {
             ZEUS_ASSIGN_OR_RETURN(const store::TrialRecord trial, StartTrial(store, job_id, {now(), lease}));
             return Response{.body = ToJsonText(trial)};
           });
  }

  void PostReport(const Request& request, Responder responder) const {
    Parsed<TrialReport> report = ParseReport(request.body);
    if (!report) return responder.Send(std::move(report).error());
    Submit(std::move(responder),
           [report = *report, now = sources_.now_ms, lease = sources_.lease_ms](Store& store) -> Result<Response> {
             ZEUS_ASSIGN_OR_RETURN(const Verdict verdict, ReportTrial(store, report, {now(), lease}));
             return Response{.body = ToJsonText(verdict)};
           });
  }

  void PatchTrial(const Request& request, Responder responder) const {
    Parsed<TrialName> name = ParseTrialName(request.body);
    if (!name) return responder.Send(std::move(name).error());
    Submit(std::move(responder), [name = *name, now = sources_.now_ms](Store& store) -> Result<Response> {
      ZEUS_RETURN_IF_ERROR(GiveUpTrial(store, name.job_id, name.batch_size, name.trial_number, now()));
      return Response{.body = "null"};
    });
  }

  void GetJobs(const Request& request, Responder responder) const {
    const std::optional<size_t> limit = LimitOf(request);
    if (!limit) return WrongLimit(std::move(responder));
    const std::string* const after = request.Query("after");
    Submit(std::move(responder),
           [after = after == nullptr ? "" : *after, limit = *limit](Store& store) -> Result<Response> {
             ZEUS_ASSIGN_OR_RETURN(std::vector<store::JobRecord> jobs, store.ListJobs(after, limit + 1));
             const bool more = jobs.size() > limit;
             if (more) jobs.pop_back();
             return Response{.body = PageOfJobs(jobs, more)};
           });
  }

  void GetJob(const Request& request, Responder responder) const {
    Submit(std::move(responder), [job_id = request.Parameter("id")](Store& store) -> Result<Response> {
      ZEUS_ASSIGN_OR_RETURN(const std::optional<store::JobRecord> job, store.FindJob(job_id));
      if (!job) return Fail(ErrorCode::kNotFound, "there is no such job");
      ZEUS_ASSIGN_OR_RETURN(const std::vector<ArmView> arms, ViewArms(store, *job));
      ZEUS_ASSIGN_OR_RETURN(const std::vector<store::TrialRecord> trials,
                            store.ListTrials(job_id, 0, std::numeric_limits<int64_t>::max()));
      return Response{.body = ToJsonText(*job, arms, ViewJob(job->settings, trials))};
    });
  }

  void GetTrials(const Request& request, Responder responder) const {
    const std::optional<size_t> limit = LimitOf(request);
    if (!limit) return WrongLimit(std::move(responder));
    const std::string* const text = request.Query("after");
    const std::optional<int64_t> after = text == nullptr ? std::optional<int64_t>(0) : ParseInteger(*text);
    if (!after) {
      return responder.Send(QueryProblem("after", "value is not a valid integer", "type_error.integer"));
    }
    Submit(std::move(responder),
           [job_id = request.Parameter("id"), after = *after, limit = *limit](Store& store) -> Result<Response> {
             ZEUS_ASSIGN_OR_RETURN(const std::optional<store::JobRecord> job, store.FindJob(job_id));
             if (!job) return Fail(ErrorCode::kNotFound, "there is no such job");
             ZEUS_ASSIGN_OR_RETURN(std::vector<store::TrialRecord> trials, store.ListTrials(job_id, after, limit + 1));
             const bool more = trials.size() > limit;
             if (more) trials.pop_back();
             return Response{.body = PageOfTrials(job->settings, trials, more)};
           });
  }

  void GetHealth(const Request&, Responder responder) const { responder.Send({.body = R"({"status":"alive"})"}); }

  void GetReady(const Request&, Responder responder) const {
    Submit(std::move(responder), [](Store& store) -> Result<Response> {
      ZEUS_RETURN_IF_ERROR(store.ListJobs("", 1));
      return Response{.body = R"({"status":"ready"})"};
    });
  }

  static void MissingJobId(Responder responder) {
    responder.Send(QueryProblem("job_id", "field required", "value_error.missing"));
  }

  static void WrongLimit(Responder responder) {
    responder.Send(QueryProblem("limit", "expected a number from 1 to 1000", "value_error"));
  }

  static std::optional<size_t> LimitOf(const Request& request) {
    const std::string* const text = request.Query("limit");
    if (text == nullptr) return kPage;
    const std::optional<uint64_t> limit = ParseUnsigned(*text);
    if (!limit || *limit < 1 || *limit > kLargestPage) return std::nullopt;
    return *limit;
  }

  store::GroupCommit& commit_;
  ServerSources sources_;
};

}  // namespace

http::Router BatchSizeRoutes(store::GroupCommit& commit, const ServerSources& sources) {
  return Routes(commit, sources).Make();
}

}  // namespace zeus
