#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace zeus {

/// What a caller can do about an error; the message says what happened, what was expected and where.
enum class ErrorCode {
  kInvalidArgument,     ///< The caller asked for something that cannot be: ask differently.
  kNotFound,            ///< A named file or thing does not exist.
  kInvalidData,         ///< A file, a message or a saved state is damaged or inconsistent: mend the data.
  kPermissionDenied,    ///< The operating system said no.
  kFailedPrecondition,  ///< Not now or not in this order: the object's state does not allow the call.
  kUnreachable,         ///< The job cannot reach its target with what may be chosen.
  kUnavailable,         ///< Something outside failed; the same call may succeed later.
};

/// The libraries whose own error numbers an Error keeps.
enum class ErrorLibrary { kNone, kNvml, kAmdSmi };

struct Error {
  ErrorCode code;
  std::string message;
  /// Where a call of a vendor's library failed: which one, and what it returned (nvmlReturn_t, amdsmi_status_t).
  ErrorLibrary library = ErrorLibrary::kNone;
  int64_t library_code = 0;
};

/// Every interface of ours that can fail returns one of these; none throws.
template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

}  // namespace zeus

#define ZEUS_CONCAT_INNER(a, b) a##b
#define ZEUS_CONCAT(a, b) ZEUS_CONCAT_INNER(a, b)

/// Returns the error of `expression` from the enclosing function, if it has one.
#define ZEUS_RETURN_IF_ERROR(expression)                            \
  do {                                                              \
    if (auto zeus_result = (expression); !zeus_result) [[unlikely]] \
      return std::unexpected(std::move(zeus_result).error());       \
  } while (false)

/// Declares `declaration` from the value of `expression`, or returns its error from the enclosing function.
#define ZEUS_ASSIGN_OR_RETURN(declaration, expression) \
  ZEUS_ASSIGN_OR_RETURN_INNER(ZEUS_CONCAT(zeus_result_, __LINE__), declaration, expression)
#define ZEUS_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                        \
  if (!result) [[unlikely]]                                          \
    return std::unexpected(std::move(result).error());               \
  declaration = *std::move(result)
