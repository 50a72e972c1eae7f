#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"

struct pg_conn;
struct pg_result;

namespace zeus::store {

struct Libpq;

/// After how long a server counts as gone.
struct PostgresTimeouts {
  std::chrono::seconds connect{5};              ///< For one address; at least 2. The URL's connect_timeout goes first.
  std::chrono::milliseconds statement{10'000};  ///< In the server, waiting for others included.
  std::chrono::milliseconds abandoned{5'000};   ///< The server ends a transaction whose owner does nothing so long.
  std::chrono::milliseconds answer{15'000};     ///< Of the server, when it hangs altogether.
};

/// A statement's parameters $1, $2, ... in their order.
class PostgresParameters {
 public:
  PostgresParameters& Add(int64_t value);
  PostgresParameters& Add(double value);
  PostgresParameters& Add(bool value);
  PostgresParameters& Add(const std::string& value);
  template <class T>
  PostgresParameters& Add(const std::optional<T>& value) {
    if (value) return Add(*value);
    values_.emplace_back(std::nullopt);
    return *this;
  }

  [[nodiscard]] const std::vector<std::optional<std::string>>& values() const { return values_; }

 private:
  std::vector<std::optional<std::string>> values_;
};

/// What a statement found. Columns must be of the type that is asked for, and not null.
class PostgresRows {
 public:
  PostgresRows(const Libpq& libpq, pg_result* rows) : libpq_(&libpq), rows_(rows, Clearer{&libpq}) {}

  [[nodiscard]] int size() const;
  [[nodiscard]] bool IsNull(int row, int column) const;
  [[nodiscard]] int64_t Integer(int row, int column) const;
  [[nodiscard]] double Number(int row, int column) const;
  [[nodiscard]] bool Flag(int row, int column) const;
  [[nodiscard]] std::string Text(int row, int column) const;
  [[nodiscard]] pg_result* get() const { return rows_.get(); }

 private:
  struct Clearer {
    const Libpq* libpq;
    void operator()(pg_result* rows) const;
  };

  const Libpq* libpq_;
  std::unique_ptr<pg_result, Clearer> rows_;
};

/// A connection to a PostgreSQL database, which can be lost and made anew. Not thread-safe.
///
/// A statement's errors: kUnavailable where the server or the way to it fails; kInvalidArgument for a value that it
/// cannot keep; kFailedPrecondition for a row that refers to none; kPermissionDenied.
class PostgresDatabase {
 public:
  /// Not yet connected. `url` is postgresql://USER:PASSWORD@HOST:PORT/NAME, or what else libpq takes for one; also with
  /// the name of a Python driver after the scheme, as in the published server's configuration. kInvalidArgument for any
  /// other; kNotFound without PostgreSQL's client library.
  static Result<PostgresDatabase> Create(std::string url, const PostgresTimeouts& timeouts);

  /// Whether it was when last heard of.
  [[nodiscard]] bool connected() const { return connection_ != nullptr; }
  /// Connects, again if need be: whatever transaction there was is over.
  Result<void> Connect();
  void Disconnect();

  /// Statements without parameters and results.
  Result<void> Execute(const std::string& sql);
  /// `sql`, a literal, is prepared once for each connection.
  Result<PostgresRows> Query(const char* sql, const PostgresParameters& parameters = {});
  /// Ends a transaction. An error after which it is not connected leaves open whether the transaction was kept.
  Result<void> Commit();

  /// "database NAME at HOST:PORT": nothing secret.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  struct Finisher {
    const Libpq* libpq;
    void operator()(pg_conn* connection) const;
  };

  PostgresDatabase(const Libpq& libpq, std::string url, std::string name, const PostgresTimeouts& timeouts)
      : libpq_(&libpq),
        url_(std::move(url)),
        name_(std::move(name)),
        timeouts_(timeouts),
        connection_(nullptr, Finisher{&libpq}) {}

  Result<void> Prepare(const char* sql, std::string* name);
  /// What the server answers to what was `sent`.
  Result<PostgresRows> Await(int sent);
  /// The next of its parts; null after the last.
  Result<PostgresRows> AwaitPart(std::chrono::steady_clock::time_point deadline);
  std::unexpected<Error> Refused(const pg_result* result);
  std::unexpected<Error> Lost(std::string_view why);

  const Libpq* libpq_;
  std::string url_;
  std::string name_;
  PostgresTimeouts timeouts_;
  std::unique_ptr<pg_conn, Finisher> connection_;
  std::vector<const char*> prepared_;  // A dozen: literals, found by address; named by their place.
};

}  // namespace zeus::store
