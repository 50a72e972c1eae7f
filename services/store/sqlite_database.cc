#include "services/store/sqlite_database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>

namespace zeus::store {

SqliteRow::~SqliteRow() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

SqliteRow& SqliteRow::Bind(int64_t value) {
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

SqliteRow& SqliteRow::Bind(double value) {
  sqlite3_bind_double(statement_, ++bound_, value);
  return *this;
}

SqliteRow& SqliteRow::Bind(const std::string& value) {
  sqlite3_bind_text64(statement_, ++bound_, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

SqliteRow& SqliteRow::BindNull() {
  sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

Result<bool> SqliteRow::Step() {
  const int code = statement_ == nullptr ? SQLITE_MISUSE : sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_.LastError("a statement failed");
}

bool SqliteRow::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t SqliteRow::Integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double SqliteRow::Number(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string SqliteRow::Text(int column) const {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

void SqliteDatabase::Closer::operator()(sqlite3* handle) const {
  sqlite3_close(handle);
}

void SqliteDatabase::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteDatabase::~SqliteDatabase() = default;

Result<SqliteDatabase> SqliteDatabase::Open(const std::filesystem::path& file) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteDatabase database(std::unique_ptr<sqlite3, Closer>(handle), file.string());
  if (code != SQLITE_OK) return database.LastError("cannot open it");
  // One owner: a second server is told so instead of deciding on stale beliefs. FULL: a commit waits for the disk.
  ZEUS_RETURN_IF_ERROR(
      database.Execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
                       "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                       "BEGIN IMMEDIATE; COMMIT"));
  return database;
}

Result<void> SqliteDatabase::Execute(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return LastError("a statement failed");
}

SqliteRow SqliteDatabase::Prepare(const char* sql) {
  const auto found = std::ranges::find(prepared_, sql, &Prepared::sql);
  if (found != prepared_.end()) return {*this, found->statement.get()};
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) == SQLITE_OK) {
    prepared_.push_back({sql, std::unique_ptr<sqlite3_stmt, Finalizer>(statement)});
  }
  return {*this, statement};
}

Result<void> SqliteDatabase::Run(const char* sql) {
  ZEUS_RETURN_IF_ERROR(Prepare(sql).Step());
  return {};
}

std::unexpected<Error> SqliteDatabase::LastError(std::string_view what) const {
  const int code = sqlite3_errcode(handle_.get());
  const bool damaged = code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
  std::string why = sqlite3_errmsg(handle_.get());
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) why += "; another process has it open";
  return Fail(damaged ? ErrorCode::kInvalidData : ErrorCode::kUnavailable,
              fmt::format("database {}: {}: {}", name_, what, why));
}

}  // namespace zeus::store
