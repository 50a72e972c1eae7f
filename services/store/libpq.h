#pragma once

#include <libpq-fe.h>

#include "zeus/base/dynamic_library.h"

// What is used of PostgreSQL's client library.
#define ZEUS_LIBPQ_FUNCTIONS(X) \
  X(PQclear)                    \
  X(PQcmdStatus)                \
  X(PQconnectdbParams)          \
  X(PQconninfoFree)             \
  X(PQconninfoParse)            \
  X(PQconsumeInput)             \
  X(PQerrorMessage)             \
  X(PQfinish)                   \
  X(PQfreemem)                  \
  X(PQgetisnull)                \
  X(PQgetlength)                \
  X(PQgetResult)                \
  X(PQgetvalue)                 \
  X(PQisBusy)                   \
  X(PQntuples)                  \
  X(PQresultErrorField)         \
  X(PQresultStatus)             \
  X(PQsendPrepare)              \
  X(PQsendQuery)                \
  X(PQsendQueryPrepared)        \
  X(PQsetNoticeProcessor)       \
  X(PQsocket)                   \
  X(PQstatus)

namespace zeus::store {

/// PostgreSQL's client library, opened when a database of its kind is: it brings twenty others along, which a program
/// that needs none of them should neither load at each start nor carry in its wheel. Thread-safe.
struct Libpq {
  /// kNotFound when it is not installed, kInvalidData when it cannot be used.
  static Result<const Libpq*> Open();

#define ZEUS_LIBPQ_MEMBER(function) decltype(&::function) function = nullptr;
  ZEUS_LIBPQ_FUNCTIONS(ZEUS_LIBPQ_MEMBER)
#undef ZEUS_LIBPQ_MEMBER
};

}  // namespace zeus::store
