#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace zeus::store {

class SqliteDatabase;

/// A prepared statement at one execution of it: bind in the order of the question marks, step, read. Resets the
/// statement at its end.
class SqliteRow {
 public:
  SqliteRow(SqliteDatabase& database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  SqliteRow(const SqliteRow&) = delete;
  SqliteRow& operator=(const SqliteRow&) = delete;
  ~SqliteRow();

  SqliteRow& Bind(int64_t value);
  SqliteRow& Bind(double value);  ///< Finite: SQLite has no NaN.
  SqliteRow& Bind(const std::string& value);
  template <class T>
  SqliteRow& Bind(const std::optional<T>& value) {
    return value ? Bind(*value) : BindNull();
  }

  /// Whether there is a (next) row. kUnavailable where the file or the disk fails.
  Result<bool> Step();

  [[nodiscard]] bool IsNull(int column) const;
  [[nodiscard]] int64_t Integer(int column) const;
  [[nodiscard]] double Number(int column) const;
  [[nodiscard]] std::string Text(int column) const;

 private:
  SqliteRow& BindNull();

  SqliteDatabase& database_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

/// A SQLite database file that this process alone has open. Not thread-safe.
class SqliteDatabase {
 public:
  /// Opens or makes the file, so that a commit is on the disk when it returns. kUnavailable while another process has
  /// it; kInvalidData for a file that is no database.
  static Result<SqliteDatabase> Open(const std::filesystem::path& file);

  SqliteDatabase(SqliteDatabase&&) noexcept = default;
  SqliteDatabase& operator=(SqliteDatabase&&) noexcept = default;
  ~SqliteDatabase();

  /// Statements without parameters and results.
  Result<void> Execute(const std::string& sql);
  /// `sql` is prepared once. Must not be in use while it is prepared again. Fails at Step() when it is not SQL.
  SqliteRow Prepare(const char* sql);
  /// One prepared statement without parameters and results.
  Result<void> Run(const char* sql);

  [[nodiscard]] std::unexpected<Error> LastError(std::string_view what) const;

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
  };
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  struct Prepared {
    const char* sql;
    std::unique_ptr<sqlite3_stmt, Finalizer> statement;
  };

  SqliteDatabase(std::unique_ptr<sqlite3, Closer> handle, std::string name)
      : handle_(std::move(handle)), name_(std::move(name)) {}

  std::unique_ptr<sqlite3, Closer> handle_;
  std::string name_;
  std::vector<Prepared> prepared_;  // A dozen: literals, found by address.
};

}  // namespace zeus::store
