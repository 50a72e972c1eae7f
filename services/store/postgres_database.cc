#include "services/store/postgres_database.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "services/store/libpq.h"
#include "zeus/base/number_text.h"

namespace zeus::store {
namespace {

using std::chrono::steady_clock;

// libpq's messages have several lines; ours have one.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char character : text) {
    const bool space = character == '\n' || character == '\t' || character == ' ';
    if (!space) {
      line += character;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (line.ends_with(' ')) line.pop_back();
  return line;
}

// "postgresql+asyncpg://..." as "postgresql://...".
std::string WithoutDriver(const std::string& url) {
  const size_t end = url.find("://");
  const size_t plus = url.find('+');
  return plus < end && end != std::string::npos ? url.substr(0, plus) + url.substr(end) : url;
}

std::string NameOf(const PQconninfoOption* options) {
  const auto value = [&](std::string_view keyword, std::string otherwise) -> std::string {
    for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
      if (option->keyword == keyword && option->val != nullptr) return option->val;
    }
    return otherwise;
  };
  return fmt::format("database {} at {}:{}", value("dbname", "of the user's name"), value("host", "localhost"),
                     value("port", "5432"));
}

// 57P: the server ends or starts; 25P03: it ended a transaction that did nothing; 25006: it has become one that only
// reads, and the one that writes may be found at another of the URL's addresses; 08: the connection itself.
bool EndsConnection(std::string_view state) {
  return state.starts_with("57P") || state.starts_with("08") || state == "25P03" || state == "25006";
}

ErrorCode CodeOf(std::string_view state) {
  if (state.starts_with("22") || state.starts_with("54")) return ErrorCode::kInvalidArgument;
  if (state == "23503") return ErrorCode::kFailedPrecondition;
  if (state == "42501") return ErrorCode::kPermissionDenied;
  return ErrorCode::kUnavailable;
}

}  // namespace

PostgresParameters& PostgresParameters::Add(int64_t value) {
  values_.emplace_back(fmt::to_string(value));
  return *this;
}

PostgresParameters& PostgresParameters::Add(double value) {
  values_.emplace_back(ShortestText(value));
  return *this;
}

PostgresParameters& PostgresParameters::Add(bool value) {
  values_.emplace_back(value ? "t" : "f");
  return *this;
}

PostgresParameters& PostgresParameters::Add(const std::string& value) {
  values_.emplace_back(value);
  return *this;
}

void PostgresRows::Clearer::operator()(pg_result* rows) const {
  libpq->PQclear(rows);
}

int PostgresRows::size() const {
  return libpq_->PQntuples(rows_.get());
}

bool PostgresRows::IsNull(int row, int column) const {
  return libpq_->PQgetisnull(rows_.get(), row, column) != 0;
}

int64_t PostgresRows::Integer(int row, int column) const {
  return ParseInteger(Text(row, column)).value_or(0);
}

double PostgresRows::Number(int row, int column) const {
  return ParseDouble(Text(row, column)).value_or(0);
}

bool PostgresRows::Flag(int row, int column) const {
  return Text(row, column) == "t";
}

std::string PostgresRows::Text(int row, int column) const {
  return {libpq_->PQgetvalue(rows_.get(), row, column),
          static_cast<size_t>(libpq_->PQgetlength(rows_.get(), row, column))};
}

void PostgresDatabase::Finisher::operator()(pg_conn* connection) const {
  libpq->PQfinish(connection);
}

Result<PostgresDatabase> PostgresDatabase::Create(std::string url, const PostgresTimeouts& timeouts) {
  ZEUS_ASSIGN_OR_RETURN(const Libpq* const libpq, Libpq::Open());
  url = WithoutDriver(url);
  char* problem = nullptr;
  const bool is_url = url.starts_with("postgresql://") || url.starts_with("postgres://");
  PQconninfoOption* const options = is_url ? libpq->PQconninfoParse(url.c_str(), &problem) : nullptr;
  libpq->PQfreemem(problem);  // Not told: it may quote the password.
  if (options == nullptr) {
    return Fail(ErrorCode::kInvalidArgument,
                "a PostgreSQL database: expected postgresql://USER:PASSWORD@HOST:PORT/NAME, with special characters as "
                "%XX");
  }
  std::string name = NameOf(options);
  libpq->PQconninfoFree(options);
  return PostgresDatabase(*libpq, std::move(url), std::move(name), timeouts);
}

Result<void> PostgresDatabase::Connect() {
  Disconnect();
  const std::string connect = fmt::to_string(timeouts_.connect.count());
  const std::string unacknowledged = fmt::to_string(timeouts_.answer.count());
  // What comes later goes first: the URL's settings go before ours, but not before the encoding.
  const std::array keywords = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                               "keepalives_count", "tcp_user_timeout", "fallback_application_name",
                               "dbname",           "client_encoding",  static_cast<const char*>(nullptr)};
  const std::array values = {connect.c_str(),
                             "10",
                             "5",
                             "3",
                             unacknowledged.c_str(),
                             "zeus serve",
                             url_.c_str(),
                             "UTF8",
                             static_cast<const char*>(nullptr)};
  connection_.reset(libpq_->PQconnectdbParams(keywords.data(), values.data(), 1));
  if (connection_ == nullptr) return Lost("out of memory");
  if (libpq_->PQstatus(connection_.get()) != CONNECTION_OK) {
    return Lost(OneLine(libpq_->PQerrorMessage(connection_.get())));
  }
  libpq_->PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
  // Numbers come back exactly, and a commit is on the disk, whatever the server's settings say.
  return Execute(fmt::format(
      "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}; SET extra_float_digits = 3;"
      "SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"
      " WHERE pg_catalog.current_setting('synchronous_commit') = 'off'",
      timeouts_.statement.count(), timeouts_.abandoned.count()));
}

void PostgresDatabase::Disconnect() {
  connection_.reset();
  prepared_.clear();
}

Result<void> PostgresDatabase::Execute(const std::string& sql) {
  if (!connected()) return Lost("not connected");
  ZEUS_RETURN_IF_ERROR(Await(libpq_->PQsendQuery(connection_.get(), sql.c_str())));
  return {};
}

Result<void> PostgresDatabase::Prepare(const char* sql, std::string* name) {
  const auto found = std::ranges::find(prepared_, sql);
  *name = fmt::format("zeus_{}", found - prepared_.begin());
  if (found != prepared_.end()) return {};
  ZEUS_RETURN_IF_ERROR(Await(libpq_->PQsendPrepare(connection_.get(), name->c_str(), sql, 0, nullptr)));
  prepared_.push_back(sql);
  return {};
}

Result<PostgresRows> PostgresDatabase::Query(const char* sql, const PostgresParameters& parameters) {
  if (!connected()) return Lost("not connected");
  std::vector<const char*> values;
  for (const std::optional<std::string>& value : parameters.values()) {
    if (value && value->find('\0') != std::string::npos) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: text with a NUL character cannot be kept", name_));
    }
    values.push_back(value ? value->c_str() : nullptr);
  }
  std::string name;
  ZEUS_RETURN_IF_ERROR(Prepare(sql, &name));
  return Await(libpq_->PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()),
                                           values.data(), nullptr, nullptr, 0));
}

Result<void> PostgresDatabase::Commit() {
  if (!connected()) return Lost("the connection was lost; nothing was kept");
  Result<PostgresRows> committed = Await(libpq_->PQsendQuery(connection_.get(), "COMMIT"));
  if (!committed) {
    Error error = std::move(committed).error();
    if (!connected()) error.message += "; whether the change was kept is not known";
    return std::unexpected(std::move(error));
  }
  // A transaction in which a statement failed ends so without an error.
  if (std::string_view(libpq_->PQcmdStatus(committed->get())) == "COMMIT") return {};
  return Fail(ErrorCode::kUnavailable, fmt::format("{}: a statement failed; nothing was kept", name_));
}

Result<PostgresRows> PostgresDatabase::Await(int sent) {
  if (sent != 1) return Lost(OneLine(libpq_->PQerrorMessage(connection_.get())));
  const steady_clock::time_point deadline = steady_clock::now() + timeouts_.answer;
  PostgresRows answer(*libpq_, nullptr);
  bool failed = false;
  while (true) {
    ZEUS_ASSIGN_OR_RETURN(PostgresRows part, AwaitPart(deadline));
    if (part.get() == nullptr) break;
    if (failed) continue;
    const ExecStatusType status = libpq_->PQresultStatus(part.get());
    failed = status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
    answer = std::move(part);
  }
  if (answer.get() == nullptr) return Lost("no answer");
  if (failed) return Refused(answer.get());
  return answer;
}

Result<PostgresRows> PostgresDatabase::AwaitPart(steady_clock::time_point deadline) {
  while (libpq_->PQisBusy(connection_.get()) != 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0)
      return Lost(fmt::format("no answer within {} s", static_cast<double>(timeouts_.answer.count()) / 1e3));
    pollfd waited{.fd = libpq_->PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return Lost("cannot wait for an answer");
    if (ready > 0 && libpq_->PQconsumeInput(connection_.get()) == 0) {
      return Lost(OneLine(libpq_->PQerrorMessage(connection_.get())));
    }
  }
  return PostgresRows(*libpq_, libpq_->PQgetResult(connection_.get()));
}

std::unexpected<Error> PostgresDatabase::Refused(const pg_result* result) {
  const auto field = [&](int which) -> std::string {
    const char* const text = libpq_->PQresultErrorField(result, which);
    return text != nullptr ? text : "";
  };
  const std::string state = field(PG_DIAG_SQLSTATE);
  std::string why = field(PG_DIAG_MESSAGE_PRIMARY);
  const bool bad = libpq_->PQstatus(connection_.get()) != CONNECTION_OK;
  if (bad && why.empty()) why = OneLine(libpq_->PQerrorMessage(connection_.get()));
  if (bad || EndsConnection(state)) return Lost(why);
  return Fail(CodeOf(state), fmt::format("{}: {}", name_, why));
}

std::unexpected<Error> PostgresDatabase::Lost(std::string_view why) {
  std::string message = fmt::format("{}: {}", name_, why);
  Disconnect();
  return Fail(ErrorCode::kUnavailable, std::move(message));
}

}  // namespace zeus::store
