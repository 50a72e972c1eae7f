#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/units.h"
#include "zeus/http_client/client.h"

namespace zeus {

/// A run of a job at a batch size that the server chose.
struct ServedTrial {
  std::string job_id;
  int64_t batch_size = 0;
  int64_t trial_number = 0;
};

/// What the run came to since it began.
struct ServedReport {
  Joules energy;
  Seconds time;
  double metric = 0;
  int64_t current_epoch = 0;
  /// The run has ended, and whether it reached the target; `metric` is not sent then. This project's servers know it.
  std::optional<bool> reached = std::nullopt;
};

struct ServedVerdict {
  bool stop_train = false;
  bool converged = false;
  std::string message;
};

/// Talks to a batch-size server: docs/http-api.md. Blocks; not thread-safe.
///
/// Errors: kUnavailable where nobody answers, or the server cannot now; kNotFound for what is not there;
/// kPermissionDenied; kFailedPrecondition for what it refuses, in its own words; kInvalidData for an answer that is
/// none.
class BatchSizeClient {
 public:
  /// `url` is http://HOST:PORT or unix:FILE; else kInvalidArgument. Connects at the first request.
  /// `token` is sent with each request; empty: none.
  static Result<BatchSizeClient> Create(std::string_view url, std::string_view token = {});

  /// `spec` is the JSON of POST /jobs. The job's id; a job of the same settings may be there already.
  Result<std::string> Register(std::string spec);
  Result<ServedTrial> StartTrial(const std::string& job_id);
  Result<ServedVerdict> Report(const ServedTrial& trial, const ServedReport& report);
  Result<void> GiveUp(const ServedTrial& trial);

  /// {"jobs": [...]}, all pages of them.
  Result<std::string> ListJobs();
  /// The JSON of GET /jobs/{id}.
  Result<std::string> ShowJob(const std::string& job_id);
  /// {"trials": [...]}, all pages of them, in the order in which they began.
  Result<std::string> ListTrials(const std::string& job_id);
  Result<void> DeleteJob(const std::string& job_id);

 private:
  BatchSizeClient(http::Client client, std::string name) : client_(std::move(client)), name_(std::move(name)) {}

  Result<std::string> AllPages(const std::string& path, const std::string& field);
  Result<std::string> Ask(std::string_view method, const std::string& target, std::string body = {});

  http::Client client_;
  std::string name_;
};

}  // namespace zeus
