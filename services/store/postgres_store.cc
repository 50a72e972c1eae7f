#include "services/store/postgres_store.h"

#include <fmt/format.h>

#include <array>

#include "zeus/base/json_fields.h"

namespace zeus::store {
namespace {

// Migration i brings the tables from version i to version i + 1. Never changed once released; new ones come at the end.
// Texts that are ordered are so by their bytes, whatever language the database is of.
constexpr std::array kMigrations = {
    "CREATE TABLE zeus.jobs("
    " job_id text COLLATE \"C\" PRIMARY KEY, job_id_prefix text NOT NULL, batch_sizes text NOT NULL,"
    " default_batch_size bigint NOT NULL, eta_knob float8 NOT NULL, beta_knob float8, target_metric float8 NOT NULL,"
    " higher_is_better_metric boolean NOT NULL, max_epochs bigint NOT NULL, num_pruning_rounds bigint NOT NULL,"
    " window_size bigint NOT NULL, mab_prior_mean float8 NOT NULL, mab_prior_precision float8 NOT NULL,"
    " mab_num_explorations bigint NOT NULL, mab_seed bigint, \"max_power_W\" float8 NOT NULL,"
    " number_of_gpus bigint NOT NULL, gpu_model text NOT NULL,"
    " stage smallint NOT NULL CHECK(stage IN (0, 1)), generator_state text NOT NULL, \"min_cost_J\" float8,"
    " min_cost_batch_size bigint NOT NULL, last_trial_number bigint NOT NULL, last_result_number bigint NOT NULL);"
    "CREATE TABLE zeus.trials("
    " job_id text COLLATE \"C\" NOT NULL REFERENCES zeus.jobs ON DELETE CASCADE,"
    " trial_number bigint NOT NULL CHECK(trial_number > 0),"
    " batch_size bigint NOT NULL, type smallint NOT NULL CHECK(type IN (0, 1, 2)),"
    " status smallint NOT NULL CHECK(status IN (0, 1, 2)), begin_ms bigint NOT NULL, end_ms bigint,"
    " result_number bigint, \"energy_J\" float8, time_s float8, converged boolean,"
    " PRIMARY KEY(job_id, trial_number), UNIQUE(job_id, result_number),"
    " CHECK((status = 1) = (result_number IS NOT NULL AND \"energy_J\" IS NOT NULL AND time_s IS NOT NULL AND"
    " converged IS NOT NULL)), CHECK((status = 0) = (end_ms IS NULL)))",
    "ALTER TABLE zeus.trials ADD COLUMN renewed_ms bigint NOT NULL DEFAULT 0;"
    "UPDATE zeus.trials SET renewed_ms = begin_ms",
};

#define ZEUS_JOB_COLUMNS                                                                                        \
  "job_id, job_id_prefix, batch_sizes, default_batch_size, eta_knob, beta_knob, target_metric,"                 \
  " higher_is_better_metric, max_epochs, num_pruning_rounds, window_size, mab_prior_mean, mab_prior_precision," \
  " mab_num_explorations, mab_seed, \"max_power_W\", number_of_gpus, gpu_model, stage, generator_state,"        \
  " \"min_cost_J\", min_cost_batch_size, last_trial_number, last_result_number"
#define ZEUS_TRIAL_COLUMNS                                                                                 \
  "job_id, trial_number, batch_size, type, status, begin_ms, end_ms, result_number, \"energy_J\", time_s," \
  " converged, renewed_ms"

template <class T>
std::optional<T> Optional(const PostgresRows& rows, int row, int column, T value) {
  return rows.IsNull(row, column) ? std::nullopt : std::optional<T>(value);
}

Result<JobRecord> JobFromRow(const PostgresRows& rows, int row) {
  JobRecord job;
  JobSettings& settings = job.settings;
  settings.job_id = rows.Text(row, 0);
  settings.job_id_prefix = rows.Text(row, 1);
  ZEUS_ASSIGN_OR_RETURN(const Json batch_sizes, ParseJson(rows.Text(row, 2), "batch_sizes"));
  ZEUS_ASSIGN_OR_RETURN(settings.batch_sizes, JsonPlace(batch_sizes, "batch_sizes").Integers());
  settings.default_batch_size = rows.Integer(row, 3);
  settings.eta_knob = rows.Number(row, 4);
  settings.beta_knob = Optional(rows, row, 5, rows.Number(row, 5));
  settings.target_metric = rows.Number(row, 6);
  settings.higher_is_better_metric = rows.Flag(row, 7);
  settings.max_epochs = rows.Integer(row, 8);
  settings.num_pruning_rounds = rows.Integer(row, 9);
  settings.window_size = rows.Integer(row, 10);
  settings.mab_prior_mean = rows.Number(row, 11);
  settings.mab_prior_precision = rows.Number(row, 12);
  settings.mab_num_explorations = rows.Integer(row, 13);
  settings.mab_seed = Optional(rows, row, 14, rows.Integer(row, 14));
  settings.max_power = Watts(rows.Number(row, 15));
  settings.number_of_gpus = rows.Integer(row, 16);
  settings.gpu_model = rows.Text(row, 17);
  job.stage = static_cast<Stage>(rows.Integer(row, 18));
  job.generator_state = rows.Text(row, 19);
  job.min_cost = Optional(rows, row, 20, Joules(rows.Number(row, 20)));
  job.min_cost_batch_size = rows.Integer(row, 21);
  job.last_trial_number = rows.Integer(row, 22);
  job.last_result_number = rows.Integer(row, 23);
  return job;
}

TrialRecord TrialFromRow(const PostgresRows& rows, int row) {
  TrialRecord trial{.job_id = rows.Text(row, 0),
                    .trial_number = rows.Integer(row, 1),
                    .batch_size = rows.Integer(row, 2),
                    .type = static_cast<TrialType>(rows.Integer(row, 3)),
                    .status = static_cast<TrialStatus>(rows.Integer(row, 4)),
                    .begin_ms = rows.Integer(row, 5),
                    .renewed_ms = rows.Integer(row, 11),
                    .end_ms = Optional(rows, row, 6, rows.Integer(row, 6)),
                    .result = {}};
  if (!rows.IsNull(row, 7)) {
    trial.result = TrialResult{.result_number = rows.Integer(row, 7),
                               .energy = Joules(rows.Number(row, 8)),
                               .time = Seconds(rows.Number(row, 9)),
                               .converged = rows.Flag(row, 10)};
  }
  return trial;
}

int64_t Bounded(size_t limit) {
  return static_cast<int64_t>(std::min<size_t>(limit, INT64_MAX));
}

}  // namespace

Result<std::unique_ptr<PostgresStore>> PostgresStore::Open(const std::string& url, const PostgresTimeouts& timeouts) {
  ZEUS_ASSIGN_OR_RETURN(PostgresDatabase database, PostgresDatabase::Create(url, timeouts));
  std::unique_ptr<PostgresStore> store(new PostgresStore(std::move(database)));
  ZEUS_RETURN_IF_ERROR(store->database_.Connect());
  ZEUS_RETURN_IF_ERROR(store->Migrate());
  return store;
}

Result<int64_t> PostgresStore::Version() {
  ZEUS_ASSIGN_OR_RETURN(
      const PostgresRows there,
      database_.Query("SELECT to_regnamespace('zeus') IS NOT NULL, to_regclass('zeus.schema_version') IS NOT NULL,"
                      " EXISTS(SELECT FROM pg_class WHERE relnamespace = to_regnamespace('zeus'))"));
  const bool has_schema = there.Flag(0, 0);
  const bool has_version = there.Flag(0, 1);
  if (has_version) {
    ZEUS_ASSIGN_OR_RETURN(const PostgresRows version, database_.Query("SELECT version FROM zeus.schema_version"));
    return version.Integer(0, 0);
  }
  if (there.Flag(0, 2)) {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}: its schema \"zeus\" holds tables of another program", database_.name()));
  }
  // Who may not make schemas can be given an empty one.
  if (!has_schema) ZEUS_RETURN_IF_ERROR(database_.Execute("CREATE SCHEMA zeus"));
  ZEUS_RETURN_IF_ERROR(
      database_.Execute("CREATE TABLE zeus.schema_version(version bigint NOT NULL);"
                        "INSERT INTO zeus.schema_version VALUES(0)"));
  return 0;
}

Result<void> PostgresStore::Migrate() {
  // The lock, by a number that is ours ("ZeuS"), is held to the transaction's end.
  ZEUS_RETURN_IF_ERROR(database_.Execute("BEGIN; SELECT pg_advisory_xact_lock(1516598611)"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t version, Version());
  if (version > std::ssize(kMigrations)) {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}: made by a newer program: its tables are of version {}, ours of {}", database_.name(),
                            version, kMigrations.size()));
  }
  for (auto i = static_cast<size_t>(version); i < kMigrations.size(); ++i) {
    ZEUS_RETURN_IF_ERROR(database_.Execute(kMigrations.at(i)));
  }
  if (version < std::ssize(kMigrations)) {
    ZEUS_RETURN_IF_ERROR(
        database_.Execute(fmt::format("UPDATE zeus.schema_version SET version = {}", kMigrations.size())));
  }
  return database_.Commit();
}

Result<void> PostgresStore::Begin() {
  const bool fresh = !database_.connected();
  if (fresh) ZEUS_RETURN_IF_ERROR(database_.Connect());
  Result<void> turn = TakeTurn();
  if (turn || fresh || database_.connected()) return turn;
  // The server went away since the last transaction, which is noticed only now, and it may be back.
  ZEUS_RETURN_IF_ERROR(database_.Connect());
  return TakeTurn();
}

Result<void> PostgresStore::TakeTurn() {
  // Each statement after the lock sees what was committed before it, which stricter isolation would not.
  ZEUS_RETURN_IF_ERROR(database_.Execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"));
  Result<PostgresRows> locked = database_.Query("SELECT version FROM zeus.schema_version FOR UPDATE");
  if (locked && locked->size() == 1 && locked->Integer(0, 0) == std::ssize(kMigrations)) return {};
  if (database_.connected()) {
    if (Result<void> undone = database_.Execute("ROLLBACK"); !undone) database_.Disconnect();
  }
  if (!locked) return std::unexpected(std::move(locked).error());
  return Fail(ErrorCode::kUnavailable,
              fmt::format("{}: another program has changed its tables; start this server anew", database_.name()));
}

Result<void> PostgresStore::Atomically(const std::function<Result<void>()>& work) {
  const bool outermost = depth_ == 0;
  const std::string name = fmt::format("level_{}", depth_);
  ZEUS_RETURN_IF_ERROR(outermost ? Begin() : database_.Execute("SAVEPOINT " + name));
  ++depth_;
  Result<void> done = work();
  --depth_;
  if (done) done = outermost ? database_.Commit() : database_.Execute("RELEASE " + name);
  if (!done && database_.connected()) {
    const Result<void> undone =
        database_.Execute(outermost ? "ROLLBACK" : fmt::format("ROLLBACK TO {0}; RELEASE {0}", name));
    if (!undone) database_.Disconnect();
  }
  return done;
}

Result<void> PostgresStore::CheckWithin() const {
  if (depth_ > 0) return {};
  return Fail(ErrorCode::kFailedPrecondition, "a change outside of a transaction");
}

Result<PostgresRows> PostgresStore::Read(const char* sql, const PostgresParameters& parameters) {
  // Within a transaction, a new connection would not be in it.
  if (depth_ == 0 && !database_.connected()) ZEUS_RETURN_IF_ERROR(database_.Connect());
  return database_.Query(sql, parameters);
}

Result<std::optional<JobRecord>> PostgresStore::FindJob(const std::string& job_id) {
  ZEUS_ASSIGN_OR_RETURN(const PostgresRows rows, Read("SELECT " ZEUS_JOB_COLUMNS " FROM zeus.jobs WHERE job_id = $1",
                                                      PostgresParameters().Add(job_id)));
  if (rows.size() == 0) return std::nullopt;
  return JobFromRow(rows, 0);
}

Result<void> PostgresStore::PutJob(const JobRecord& job) {
  ZEUS_RETURN_IF_ERROR(CheckWithin());
  const JobSettings& settings = job.settings;
  PostgresParameters values;
  values.Add(settings.job_id).Add(settings.job_id_prefix).Add(Json(settings.batch_sizes).dump());
  values.Add(settings.default_batch_size).Add(settings.eta_knob).Add(settings.beta_knob).Add(settings.target_metric);
  values.Add(settings.higher_is_better_metric).Add(settings.max_epochs).Add(settings.num_pruning_rounds);
  values.Add(settings.window_size).Add(settings.mab_prior_mean).Add(settings.mab_prior_precision);
  values.Add(settings.mab_num_explorations).Add(settings.mab_seed).Add(settings.max_power.value());
  values.Add(settings.number_of_gpus).Add(settings.gpu_model).Add(static_cast<int64_t>(job.stage));
  values.Add(job.generator_state);
  values.Add(job.min_cost ? std::optional(job.min_cost->value()) : std::nullopt).Add(job.min_cost_batch_size);
  values.Add(job.last_trial_number).Add(job.last_result_number);
  ZEUS_RETURN_IF_ERROR(
      database_.Query("INSERT INTO zeus.jobs(" ZEUS_JOB_COLUMNS
                      ") VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24)"
                      " ON CONFLICT(job_id) DO UPDATE SET (" ZEUS_JOB_COLUMNS
                      ") = ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24)",
                      values));
  return {};
}

Result<bool> PostgresStore::DeleteJob(const std::string& job_id) {
  ZEUS_RETURN_IF_ERROR(CheckWithin());
  ZEUS_ASSIGN_OR_RETURN(
      const PostgresRows deleted,
      database_.Query("DELETE FROM zeus.jobs WHERE job_id = $1 RETURNING 1", PostgresParameters().Add(job_id)));
  return deleted.size() > 0;
}

Result<std::vector<JobRecord>> PostgresStore::ListJobs(const std::string& after, size_t limit) {
  ZEUS_ASSIGN_OR_RETURN(const PostgresRows rows,
                        Read("SELECT " ZEUS_JOB_COLUMNS " FROM zeus.jobs WHERE job_id > $1 ORDER BY job_id LIMIT $2",
                             PostgresParameters().Add(after).Add(Bounded(limit))));
  std::vector<JobRecord> jobs;
  for (int row = 0; row < rows.size(); ++row) {
    ZEUS_ASSIGN_OR_RETURN(JobRecord job, JobFromRow(rows, row));
    jobs.push_back(std::move(job));
  }
  return jobs;
}

Result<std::optional<TrialRecord>> PostgresStore::FindTrial(const std::string& job_id, int64_t trial_number) {
  ZEUS_ASSIGN_OR_RETURN(const PostgresRows rows,
                        Read("SELECT " ZEUS_TRIAL_COLUMNS " FROM zeus.trials WHERE job_id = $1 AND trial_number = $2",
                             PostgresParameters().Add(job_id).Add(trial_number)));
  return rows.size() > 0 ? std::optional(TrialFromRow(rows, 0)) : std::nullopt;
}

Result<void> PostgresStore::PutTrial(const TrialRecord& trial) {
  ZEUS_RETURN_IF_ERROR(CheckWithin());
  PostgresParameters values;
  values.Add(trial.job_id).Add(trial.trial_number).Add(trial.batch_size).Add(static_cast<int64_t>(trial.type));
  values.Add(static_cast<int64_t>(trial.status)).Add(trial.begin_ms).Add(trial.end_ms);
  std::optional<int64_t> result_number;
  std::optional<double> energy;
  std::optional<double> time;
  std::optional<bool> converged;
  if (trial.result) {
    result_number = trial.result->result_number;
    energy = trial.result->energy.value();
    time = trial.result->time.value();
    converged = trial.result->converged;
  }
  values.Add(result_number).Add(energy).Add(time).Add(converged).Add(trial.renewed_ms);
  Result<PostgresRows> done = database_.Query(
      "INSERT INTO zeus.trials(" ZEUS_TRIAL_COLUMNS
      ") VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12) ON CONFLICT(job_id, trial_number) DO UPDATE SET "
      "(" ZEUS_TRIAL_COLUMNS ") = ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)",
      values);
  if (done) return {};
  if (done.error().code == ErrorCode::kFailedPrecondition) {
    return Fail(ErrorCode::kFailedPrecondition, "a trial of a job that is not there");
  }
  return std::unexpected(std::move(done).error());
}

Result<std::vector<TrialRecord>> PostgresStore::ListTrials(const std::string& job_id, int64_t after, size_t limit) {
  ZEUS_ASSIGN_OR_RETURN(const PostgresRows rows,
                        Read("SELECT " ZEUS_TRIAL_COLUMNS
                             " FROM zeus.trials WHERE job_id = $1 AND trial_number > $2 ORDER BY trial_number LIMIT $3",
                             PostgresParameters().Add(job_id).Add(after).Add(Bounded(limit))));
  std::vector<TrialRecord> trials;
  for (int row = 0; row < rows.size(); ++row) trials.push_back(TrialFromRow(rows, row));
  return trials;
}

Result<std::vector<TrialTally>> PostgresStore::TallyTrials(const std::string& job_id) {
  ZEUS_ASSIGN_OR_RETURN(
      const PostgresRows rows,
      Read("SELECT batch_size, status, coalesce(converged, false), count(*), coalesce(sum(\"energy_J\"), 0),"
           " coalesce(sum(time_s), 0) FROM zeus.trials WHERE job_id = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
           PostgresParameters().Add(job_id)));
  std::vector<TrialTally> tallies;
  for (int row = 0; row < rows.size(); ++row) {
    tallies.push_back({.job_id = job_id,
                       .batch_size = rows.Integer(row, 0),
                       .status = static_cast<TrialStatus>(rows.Integer(row, 1)),
                       .converged = rows.Flag(row, 2),
                       .trials = rows.Integer(row, 3),
                       .energy = Joules(rows.Number(row, 4)),
                       .time = Seconds(rows.Number(row, 5))});
  }
  return tallies;
}

}  // namespace zeus::store
