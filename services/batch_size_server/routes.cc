#include "services/batch_size_server/routes.h"

#include <limits>
#include <memory>
#include <optional>

#include "services/batch_size_server/answers.h"
#include "services/batch_size_server/job_metrics.h"
#include "services/batch_size_server/schemas.h"
#include "services/batch_size_server/scopes.h"
#include "services/batch_size_server/wire.h"
#include "services/http/openapi.h"
#include "zeus/base/number_text.h"
#include "zeus/base/version.h"

namespace zeus {
namespace {

using http::Request;
using http::Responder;
using http::Response;
using store::Store;

class Routes {
 public:
  Routes(store::GroupCommit& commit, ServerSources sources) : commit_(commit), sources_(std::move(sources)) {}

  http::Router Make() {
    http::Router router;
    std::vector<http::Operation> operations;
    for (const Route& route : Table()) {
      router.Add(route.operation.method, route.operation.path,
                 [routes = *this, handler = route.handler, scope = route.operation.scope](const Request& request,
                                                                                          Responder responder) {
                   if (auto refusal = routes.RefusalOf(scope, request)) return responder.Send(*std::move(refusal));
                   (routes.*handler)(request, std::move(responder));
                 });
      operations.push_back(route.operation);
    }
    const std::string document = http::OpenApiDocument("Zeus batch-size server", kVersion, operations, BodySchemas());
    router.Add("GET", "/openapi.json",
               [document](const Request&, Responder responder) { responder.Send({.body = document}); });
    return router;
  }

 private:
  [[nodiscard]] std::optional<Response> RefusalOf(const std::string& scope, const Request& request) const {
    if (!sources_.guard || scope.empty()) return std::nullopt;
    auto allowed = sources_.guard->Require(scope, request);
    if (allowed) return std::nullopt;
    return std::move(allowed).error();
  }

  struct Route {
    http::Operation operation;
    void (Routes::*handler)(const Request&, Responder) const;
  };

  static std::vector<Route> Table() {
    const http::QueryField job_id{.name = "job_id", .type = "string", .required = true, .description = "The job's id."};
    const http::QueryField limit{.name = "limit", .type = "integer", .description = "1 to 1000, by default 100."};
    const http::QueryField after_job{
        .name = "after", .type = "string", .description = "Jobs whose ids come after this one."};
    const http::QueryField after_trial{
        .name = "after", .type = "integer", .description = "Trials whose numbers come after this one."};
    const http::DocumentedAnswer wrong{422, "The request is wrong", "WrongFields"};
    const http::DocumentedAnswer unknown{404, "There is no such job", "Message"};
    const http::DocumentedAnswer away{503, "The database cannot be reached: ask again", "Message"};
    return {
        {{"POST",
          "/jobs",
          "Register a job, or find the same one",
          {},
          kTrainScope,
          "JobSpec",
          {{201, "It is new", "JobSpec"},
           {200, "It was there", "JobSpec"},
           {409, "It was there with other settings", "Message"},
           wrong,
           away}},
         &Routes::PostJob},
        {{"DELETE",
          "/jobs",
          "Delete a job and its trials",
          {job_id},
          kDeleteScope,
          "",
          {{200, "Deleted", "Null"}, unknown, wrong, away}},
         &Routes::DeleteJob},
        // Before "/jobs/{id}".
        {{"GET",
          "/jobs/batch_size",
          "Start a trial of the batch size to train with",
          {job_id},
          kTrainScope,
          "",
          {{200, "The trial", "Trial"},
           {400, "There is no such job", "Message"},
           {500, "No batch size converged", "Message"},
           wrong,
           away}},
         &Routes::GetBatchSize},
        {{"POST",
          "/report",
          "Tell how a trial is getting on, and hear whether to train on",
          {},
          kTrainScope,
          "Report",
          {{200, "What to do", "Verdict"},
           {400, "There is no such trial, or it was given up", "Message"},
           wrong,
           away}},
         &Routes::PostReport},
        {{"PATCH",
          "/trials",
          "Give a trial up",
          {},
          kTrainScope,
          "Trial",
          {{200, "It has ended", "Null"}, {404, "There is no such trial", "Message"}, wrong, away}},
         &Routes::PatchTrial},
        {{"GET",
          "/jobs",
          "List jobs",
          {limit, after_job},
          kReadScope,
          "",
          {{200, "A page of them, by id", "JobPage"}, wrong, away}},
         &Routes::GetJobs},
        {{"GET",
          "/jobs/{id}",
          "A job, and what is believed of its batch sizes",
          {},
          kReadScope,
          "",
          {{200, "The job", "JobDetails"}, unknown, away}},
         &Routes::GetJob},
        {{"GET",
          "/jobs/{id}/trials",
          "List a job's trials",
          {limit, after_trial},
          kReadScope,
          "",
          {{200, "A page of them, by number", "TrialPage"}, unknown, wrong, away}},
         &Routes::GetTrials},
        {{"GET", "/health", "Whether the process answers", {}, "", "", {{200, "It does", "Status"}}},
         &Routes::GetHealth},
        {{"GET", "/ready", "Whether its database answers, too", {}, "", "", {{200, "It does", "Status"}, away}},
         &Routes::GetReady},
        {{"GET",
          "/metrics",
          "Figures for Prometheus",
          {},
          kReadScope,
          "",
          {{200, "In its text format", "", "text/plain"}, away}},
         &Routes::GetMetrics},
    };
  }

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
    if (job_id == nullptr) return responder.Send(MissingJobId());
    Submit(std::move(responder), [job_id = *job_id](Store& store) -> Result<Response> {
      ZEUS_ASSIGN_OR_RETURN(const bool deleted, store.DeleteJob(job_id));
      if (!deleted) return Fail(ErrorCode::kNotFound, "No job was deleted.");
      return Response{.body = "null"};
    });
  }

  void GetBatchSize(const Request& request, Responder responder) const {
    const std::string* const job_id = request.Query("job_id");
    if (job_id == nullptr) return responder.Send(MissingJobId());
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
    if (!limit) return responder.Send(WrongLimit());
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
      ZEUS_ASSIGN_OR_RETURN(const std::optional<Joules> bounding_cost, BoundingCost(store, *job));
      return Response{.body = ToJsonText(*job, arms, bounding_cost, ViewJob(job->settings, trials))};
    });
  }

  void GetTrials(const Request& request, Responder responder) const {
    const std::optional<size_t> limit = LimitOf(request);
    if (!limit) return responder.Send(WrongLimit());
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

  void GetMetrics(const Request&, Responder responder) const {
    // Jobs are read on the store's thread.
    http::MetricsText metrics;
    if (sources_.requests) sources_.requests->Write(metrics);
    AddJobs(std::make_shared<JobMetrics>(), std::move(metrics), std::move(responder));
  }

  // A few at a time, between what others want.
  void AddJobs(std::shared_ptr<JobMetrics> jobs, http::MetricsText metrics, Responder responder) const {
    commit_.Submit([jobs](Store& store) { return jobs->AddSomeJobs(store); },
                   [routes = *this, jobs, metrics = std::move(metrics),
                    responder = std::move(responder)](const Result<void>& outcome) mutable {
                     if (!outcome) return responder.Send(MessageOf(outcome.error()));
                     if (!jobs->whole())
                       return routes.AddJobs(std::move(jobs), std::move(metrics), std::move(responder));
                     jobs->Write(metrics);
                     responder.Send({.body = metrics.Take(), .content_type = http::MetricsText::kContentType});
                   });
  }

  store::GroupCommit& commit_;
  ServerSources sources_;
};

}  // namespace

http::Router BatchSizeRoutes(store::GroupCommit& commit, const ServerSources& sources) {
  return Routes(commit, sources).Make();
}

}  // namespace zeus
