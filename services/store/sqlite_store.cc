#include "services/store/sqlite_store.h"

#include <fmt/format.h>

#include <array>

#include "zeus/base/json_fields.h"

namespace zeus::store {
namespace {

// "ZeuS" in a file's header: a database of another program is not written to.
constexpr int64_t kApplicationId = 0x5A657553;

// Migration i brings a file from version i to version i + 1. Never changed once released; new ones come at the end.
constexpr std::array kMigrations = {
    "CREATE TABLE jobs("
    " job_id TEXT PRIMARY KEY NOT NULL, job_id_prefix TEXT NOT NULL, batch_sizes TEXT NOT NULL,"
    " default_batch_size INTEGER NOT NULL, eta_knob REAL NOT NULL, beta_knob REAL, target_metric REAL NOT NULL,"
    " higher_is_better_metric INTEGER NOT NULL, max_epochs INTEGER NOT NULL, num_pruning_rounds INTEGER NOT NULL,"
    " window_size INTEGER NOT NULL, mab_prior_mean REAL NOT NULL, mab_prior_precision REAL NOT NULL,"
    " mab_num_explorations INTEGER NOT NULL, mab_seed INTEGER, max_power_W REAL NOT NULL,"
    " number_of_gpus INTEGER NOT NULL, gpu_model TEXT NOT NULL,"
    " stage INTEGER NOT NULL CHECK(stage IN (0, 1)), generator_state TEXT NOT NULL, min_cost_J REAL,"
    " min_cost_batch_size INTEGER NOT NULL, last_trial_number INTEGER NOT NULL, last_result_number INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE trials("
    " job_id TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, trial_number INTEGER NOT NULL CHECK(trial_number > 0),"
    " batch_size INTEGER NOT NULL, type INTEGER NOT NULL CHECK(type IN (0, 1, 2)),"
    " status INTEGER NOT NULL CHECK(status IN (0, 1, 2)), begin_ms INTEGER NOT NULL, end_ms INTEGER,"
    " result_number INTEGER, energy_J REAL, time_s REAL, converged INTEGER,"
    " PRIMARY KEY(job_id, trial_number), UNIQUE(job_id, result_number),"
    " CHECK((status = 1) = (result_number IS NOT NULL AND energy_J IS NOT NULL AND time_s IS NOT NULL AND"
    " converged IS NOT NULL)), CHECK((status = 0) = (end_ms IS NULL))"
    ") STRICT, WITHOUT ROWID;",
    "ALTER TABLE trials ADD COLUMN renewed_ms INTEGER NOT NULL DEFAULT 0;"
    "UPDATE trials SET renewed_ms = begin_ms;",
};

Result<std::vector<int64_t>> BatchSizesFromText(const std::string& text) {
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(text, "batch_sizes"));
  return JsonPlace(json, "batch_sizes").Integers();
}

template <class T>
std::optional<T> Optional(const SqliteRow& row, int column, T value) {
  return row.IsNull(column) ? std::nullopt : std::optional<T>(value);
}

Result<JobRecord> JobFromRow(const SqliteRow& row) {
  JobRecord job;
  JobSettings& settings = job.settings;
  settings.job_id = row.Text(0);
  settings.job_id_prefix = row.Text(1);
  ZEUS_ASSIGN_OR_RETURN(settings.batch_sizes, BatchSizesFromText(row.Text(2)));
  settings.default_batch_size = row.Integer(3);
  settings.eta_knob = row.Number(4);
  settings.beta_knob = Optional(row, 5, row.Number(5));
  settings.target_metric = row.Number(6);
  settings.higher_is_better_metric = row.Integer(7) != 0;
  settings.max_epochs = row.Integer(8);
  settings.num_pruning_rounds = row.Integer(9);
  settings.window_size = row.Integer(10);
  settings.mab_prior_mean = row.Number(11);
  settings.mab_prior_precision = row.Number(12);
  settings.mab_num_explorations = row.Integer(13);
  settings.mab_seed = Optional(row, 14, row.Integer(14));
  settings.max_power = Watts(row.Number(15));
  settings.number_of_gpus = row.Integer(16);
  settings.gpu_model = row.Text(17);
  job.stage = static_cast<Stage>(row.Integer(18));
  job.generator_state = row.Text(19);
  job.min_cost = Optional(row, 20, Joules(row.Number(20)));
  job.min_cost_batch_size = row.Integer(21);
  job.last_trial_number = row.Integer(22);
  job.last_result_number = row.Integer(23);
  return job;
}

TrialRecord TrialFromRow(const SqliteRow& row) {
  TrialRecord trial{.job_id = row.Text(0),
                    .trial_number = row.Integer(1),
                    .batch_size = row.Integer(2),
                    .type = static_cast<TrialType>(row.Integer(3)),
                    .status = static_cast<TrialStatus>(row.Integer(4)),
                    .begin_ms = row.Integer(5),
                    .renewed_ms = row.Integer(11),
                    .end_ms = Optional(row, 6, row.Integer(6)),
                    .result = {}};
  if (!row.IsNull(7)) {
    trial.result = TrialResult{.result_number = row.Integer(7),
                               .energy = Joules(row.Number(8)),
                               .time = Seconds(row.Number(9)),
                               .converged = row.Integer(10) != 0};
  }
  return trial;
}

int64_t Bounded(size_t limit) {
  return static_cast<int64_t>(std::min<size_t>(limit, INT64_MAX));
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::filesystem::path& file) {
  ZEUS_ASSIGN_OR_RETURN(SqliteDatabase database, SqliteDatabase::Open(file));
  std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(database)));
  if (Result<void> migrated = store->Migrate(); !migrated) {
    return Fail(migrated.error().code, fmt::format("{}: {}", file.string(), migrated.error().message));
  }
  return store;
}

Result<int64_t> SqliteStore::Version() {
  SqliteRow version = database_.Prepare(
      "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
      " FROM pragma_application_id, pragma_user_version");
  ZEUS_RETURN_IF_ERROR(version.Step());
  const bool empty = version.Integer(0) == 0 && version.Integer(1) == 0 && version.Integer(2) == 0;
  if (!empty && version.Integer(0) != kApplicationId) {
    return Fail(ErrorCode::kInvalidData, "a database of another program");
  }
  return version.Integer(1);
}

Result<void> SqliteStore::Migrate() {
  ZEUS_ASSIGN_OR_RETURN(const int64_t version, Version());
  if (version > std::ssize(kMigrations)) {
    return Fail(
        ErrorCode::kInvalidData,
        fmt::format("made by a newer program: its tables are of version {}, ours of {}", version, kMigrations.size()));
  }
  return Atomically([&]() -> Result<void> {
    for (auto i = static_cast<size_t>(version); i < kMigrations.size(); ++i) {
      ZEUS_RETURN_IF_ERROR(database_.Execute(kMigrations.at(i)));
    }
    return database_.Execute(
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, kMigrations.size()));
  });
}

Result<void> SqliteStore::Atomically(const std::function<Result<void>()>& work) {
  // A savepoint's name means the latest of that name.
  const bool outermost = depth_ == 0;
  ZEUS_RETURN_IF_ERROR(database_.Run(outermost ? "BEGIN IMMEDIATE" : "SAVEPOINT work"));
  ++depth_;
  Result<void> done = work();
  --depth_;
  if (done) done = database_.Run(outermost ? "COMMIT" : "RELEASE work");
  if (!done) {
    // Where the medium failed, SQLite may have rolled back by itself, and this fails, too.
    [[maybe_unused]] const Result<void> undone =
        database_.Execute(outermost ? "ROLLBACK" : "ROLLBACK TO work; RELEASE work");
  }
  return done;
}

Result<void> SqliteStore::CheckWithin() const {
  if (depth_ > 0) return {};
  return Fail(ErrorCode::kFailedPrecondition, "a change outside of a transaction");
}

Result<std::optional<JobRecord>> SqliteStore::FindJob(const std::string& job_id) {
  SqliteRow row = database_.Prepare("SELECT * FROM jobs WHERE job_id = ?");
  ZEUS_ASSIGN_OR_RETURN(const bool found, row.Bind(job_id).Step());
  if (!found) return std::nullopt;
  return JobFromRow(row);
}

Result<void> SqliteStore::PutJob(const JobRecord& job) {
  ZEUS_RETURN_IF_ERROR(CheckWithin());
  const JobSettings& settings = job.settings;
  // Not REPLACE: that deletes the old row, and its trials with it.
  SqliteRow row = database_.Prepare(
      "INSERT INTO jobs VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(job_id) DO UPDATE SET"
      " job_id_prefix = excluded.job_id_prefix, batch_sizes = excluded.batch_sizes,"
      " default_batch_size = excluded.default_batch_size, eta_knob = excluded.eta_knob, beta_knob = excluded.beta_knob,"
      " target_metric = excluded.target_metric, higher_is_better_metric = excluded.higher_is_better_metric,"
      " max_epochs = excluded.max_epochs, num_pruning_rounds = excluded.num_pruning_rounds,"
      " window_size = excluded.window_size, mab_prior_mean = excluded.mab_prior_mean,"
      " mab_prior_precision = excluded.mab_prior_precision, mab_num_explorations = excluded.mab_num_explorations,"
      " mab_seed = excluded.mab_seed, max_power_W = excluded.max_power_W, number_of_gpus = excluded.number_of_gpus,"
      " gpu_model = excluded.gpu_model, stage = excluded.stage, generator_state = excluded.generator_state,"
      " min_cost_J = excluded.min_cost_J, min_cost_batch_size = excluded.min_cost_batch_size,"
      " last_trial_number = excluded.last_trial_number, last_result_number = excluded.last_result_number");
  row.Bind(settings.job_id).Bind(settings.job_id_prefix).Bind(Json(settings.batch_sizes).dump());
  row.Bind(settings.default_batch_size).Bind(settings.eta_knob).Bind(settings.beta_knob).Bind(settings.target_metric);
  row.Bind(int64_t{settings.higher_is_better_metric}).Bind(settings.max_epochs).Bind(settings.num_pruning_rounds);
  row.Bind(settings.window_size).Bind(settings.mab_prior_mean).Bind(settings.mab_prior_precision);
  row.Bind(settings.mab_num_explorations).Bind(settings.mab_seed).Bind(settings.max_power.value());
  row.Bind(settings.number_of_gpus).Bind(settings.gpu_model).Bind(static_cast<int64_t>(job.stage));
  row.Bind(job.generator_state);
  row.Bind(job.min_cost ? std::optional(job.min_cost->value()) : std::nullopt).Bind(job.min_cost_batch_size);
  row.Bind(job.last_trial_number).Bind(job.last_result_number);
  ZEUS_RETURN_IF_ERROR(row.Step());
  return {};
}

Result<bool> SqliteStore::DeleteJob(const std::string& job_id) {
  ZEUS_RETURN_IF_ERROR(CheckWithin());
  SqliteRow row = database_.Prepare("DELETE FROM jobs WHERE job_id = ? RETURNING 1");
  ZEUS_ASSIGN_OR_RETURN(const bool found, row.Bind(job_id).Step());
  if (found) ZEUS_RETURN_IF_ERROR(row.Step());
  return found;
}

Result<std::vector<JobRecord>> SqliteStore::ListJobs(const std::string& after, size_t limit) {
  SqliteRow row = database_.Prepare("SELECT * FROM jobs WHERE job_id > ? ORDER BY job_id LIMIT ?");
  row.Bind(after).Bind(Bounded(limit));
  std::vector<JobRecord> jobs;
  while (true) {
    ZEUS_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return jobs;
    ZEUS_ASSIGN_OR_RETURN(JobRecord job, JobFromRow(row));
    jobs.push_back(std::move(job));
  }
}

Result<std::optional<TrialRecord>> SqliteStore::FindTrial(const std::string& job_id, int64_t trial_number) {
  SqliteRow row = database_.Prepare("SELECT * FROM trials WHERE job_id = ? AND trial_number = ?");
  ZEUS_ASSIGN_OR_RETURN(const bool found, row.Bind(job_id).Bind(trial_number).Step());
  return found ? std::optional(TrialFromRow(row)) : std::nullopt;
}

Result<void> SqliteStore::PutTrial(const TrialRecord& trial) {
  ZEUS_RETURN_IF_ERROR(CheckWithin());
  SqliteRow row = database_.Prepare("INSERT OR REPLACE INTO trials VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
  row.Bind(trial.job_id).Bind(trial.trial_number).Bind(trial.batch_size).Bind(static_cast<int64_t>(trial.type));
  row.Bind(static_cast<int64_t>(trial.status)).Bind(trial.begin_ms).Bind(trial.end_ms);
  std::optional<int64_t> result_number;
  std::optional<double> energy;
  std::optional<double> time;
  std::optional<int64_t> converged;
  if (trial.result) {
    result_number = trial.result->result_number;
    energy = trial.result->energy.value();
    time = trial.result->time.value();
    converged = trial.result->converged ? 1 : 0;
  }
  row.Bind(result_number).Bind(energy).Bind(time).Bind(converged).Bind(trial.renewed_ms);
  Result<bool> done = row.Step();
  if (done) return {};
  ZEUS_ASSIGN_OR_RETURN(const std::optional<JobRecord> job, FindJob(trial.job_id));
  if (!job) return Fail(ErrorCode::kFailedPrecondition, "a trial of a job that is not there");
  return std::unexpected(std::move(done).error());
}

Result<std::vector<TrialRecord>> SqliteStore::ListTrials(const std::string& job_id, int64_t after, size_t limit) {
  SqliteRow row =
      database_.Prepare("SELECT * FROM trials WHERE job_id = ? AND trial_number > ? ORDER BY trial_number LIMIT ?");
  row.Bind(job_id).Bind(after).Bind(Bounded(limit));
  std::vector<TrialRecord> trials;
  while (true) {
    ZEUS_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return trials;
    trials.push_back(TrialFromRow(row));
  }
}

Result<std::vector<TrialTally>> SqliteStore::TallyTrials(const std::string& job_id) {
  SqliteRow row = database_.Prepare(
      "SELECT batch_size, status, coalesce(converged, 0), count(*), total(energy_J), total(time_s) FROM trials"
      " WHERE job_id = ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
  row.Bind(job_id);
  std::vector<TrialTally> tallies;
  while (true) {
    ZEUS_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return tallies;
    tallies.push_back({.job_id = job_id,
                       .batch_size = row.Integer(0),
                       .status = static_cast<TrialStatus>(row.Integer(1)),
                       .converged = row.Integer(2) != 0,
                       .trials = row.Integer(3),
                       .energy = Joules(row.Number(4)),
                       .time = Seconds(row.Number(5))});
  }
}

}  // namespace zeus::store
