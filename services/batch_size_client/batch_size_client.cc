#include "services/batch_size_client/batch_size_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/http/target.h"
#include "zeus/base/json_fields.h"

namespace zeus {
namespace {

ErrorCode CodeOf(int status) {
  if (status == 401 || status == 403) return ErrorCode::kPermissionDenied;
  if (status == 404) return ErrorCode::kNotFound;
  return status < 500 ? ErrorCode::kFailedPrecondition : ErrorCode::kUnavailable;
}

// In the server's words, where it has some: "message" of its rules, "detail" of HTTP and of fields, "error" of tokens.
std::string WordsOf(const http::Answer& response) {
  const Json body = Json::parse(response.body, nullptr, false);
  if (body.is_object()) {
    for (const char* const name : {"message", "detail", "error"}) {
      const auto words = body.find(name);
      if (words != body.end()) return words->is_string() ? words->get<std::string>() : words->dump();
    }
  }
  return response.body;
}

Json NameOf(const ServedTrial& trial) {
  return {{"job_id", trial.job_id}, {"batch_size", trial.batch_size}, {"trial_number", trial.trial_number}};
}

}  // namespace

Result<BatchSizeClient> BatchSizeClient::Create(std::string_view url, std::string_view token) {
  ZEUS_ASSIGN_OR_RETURN(http::ServerAddress address, http::ParseServerUrl(url));
  http::Client client(std::move(address));
  // Anything else would end the header's line, and tokens hold none of it.
  if (!std::ranges::all_of(token, [](char character) { return character > ' ' && character < '\x7f'; })) {
    return Fail(ErrorCode::kInvalidArgument, "a token is one word of ASCII");
  }
  client.SetToken(std::string(token));
  return BatchSizeClient(std::move(client), std::string(url));
}

Result<std::string> BatchSizeClient::Ask(std::string_view method, const std::string& target, std::string body) {
  Result<http::Answer> response = client_.Send(method, target, std::move(body));
  if (!response) return Fail(response.error().code, fmt::format("{}: {}", name_, response.error().message));
  if (response->status / 100 == 2) return std::move(response->body);
  return Fail(CodeOf(response->status),
              fmt::format("{}: {} {}: {}: {}", name_, method, target, response->status, WordsOf(*response)));
}

Result<std::string> BatchSizeClient::Register(std::string spec) {
  ZEUS_ASSIGN_OR_RETURN(const std::string answer, Ask("POST", "/jobs", std::move(spec)));
  ZEUS_ASSIGN_OR_RETURN(const Json job, ParseJson(answer, "POST /jobs"));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace id, JsonPlace(job, "POST /jobs").Field("job_id"));
  return id.Text();
}

Result<ServedTrial> BatchSizeClient::StartTrial(const std::string& job_id) {
  const std::string target = "/jobs/batch_size?job_id=" + http::EscapeForTarget(job_id);
  ZEUS_ASSIGN_OR_RETURN(const std::string answer, Ask("GET", target));
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(answer, target));
  const JsonPlace place(json, target);
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace batch_size, place.Field("batch_size"));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace number, place.Field("trial_number"));
  ServedTrial trial{.job_id = job_id};
  ZEUS_ASSIGN_OR_RETURN(trial.batch_size, batch_size.Integer());
  ZEUS_ASSIGN_OR_RETURN(trial.trial_number, number.Integer());
  return trial;
}

Result<ServedVerdict> BatchSizeClient::Report(const ServedTrial& trial, const ServedReport& report) {
  Json body = NameOf(trial);
  body["energy"] = report.energy.value();
  body["time"] = report.time.value();
  if (report.reached) {
    body["reached"] = *report.reached;
  } else {
    body["metric"] = report.metric;
  }
  body["current_epoch"] = report.current_epoch;
  ZEUS_ASSIGN_OR_RETURN(const std::string answer, Ask("POST", "/report", body.dump()));
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(answer, "POST /report"));
  const JsonPlace place(json, "POST /report");
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace stop, place.Field("stop_train"));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace converged, place.Field("converged"));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace message, place.Field("message"));
  ServedVerdict verdict;
  ZEUS_ASSIGN_OR_RETURN(verdict.stop_train, stop.Boolean());
  ZEUS_ASSIGN_OR_RETURN(verdict.converged, converged.Boolean());
  ZEUS_ASSIGN_OR_RETURN(verdict.message, message.Text());
  return verdict;
}

Result<void> BatchSizeClient::GiveUp(const ServedTrial& trial) {
  ZEUS_RETURN_IF_ERROR(Ask("PATCH", "/trials", NameOf(trial).dump()));
  return {};
}

Result<std::string> BatchSizeClient::AllPages(const std::string& path, const std::string& field) {
  Json all = {{field, Json::array()}};
  std::string after;
  while (true) {
    std::string target = path + "?limit=1000";
    if (!after.empty()) target += "&after=" + http::EscapeForTarget(after);
    ZEUS_ASSIGN_OR_RETURN(const std::string answer, Ask("GET", target));
    ZEUS_ASSIGN_OR_RETURN(const Json page, ParseJson(answer, target));
    const JsonPlace place(page, target);
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace found, place.Field(field));
    ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> each, found.Elements());
    for (const JsonPlace& one : each) all[field].push_back(one.json());
    ZEUS_ASSIGN_OR_RETURN(const std::optional<JsonPlace> next, place.OptionalField("next"));
    if (!next) return all.dump();
    after = next->json().is_string() ? next->json().get<std::string>() : next->json().dump();
  }
}

Result<std::string> BatchSizeClient::ListJobs() {
  return AllPages("/jobs", "jobs");
}

Result<std::string> BatchSizeClient::ListTrials(const std::string& job_id) {
  return AllPages("/jobs/" + http::EscapeForTarget(job_id) + "/trials", "trials");
}

Result<std::string> BatchSizeClient::ShowJob(const std::string& job_id) {
  return Ask("GET", "/jobs/" + http::EscapeForTarget(job_id));
}

Result<void> BatchSizeClient::DeleteJob(const std::string& job_id) {
  ZEUS_RETURN_IF_ERROR(Ask("DELETE", "/jobs?job_id=" + http::EscapeForTarget(job_id)));
  return {};
}

}  // namespace zeus
