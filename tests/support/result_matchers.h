#pragma once

#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "zeus/base/result.h"

namespace zeus {

inline void PrintTo(const Error& error, std::ostream* out) {
  *out << "error " << static_cast<int>(error.code) << ": " << error.message;
}

namespace testing {

/// A Result that holds a value.
MATCHER(IsOk, negation ? "is an error" : "holds a value") {
  if (arg.has_value()) return true;
  *result_listener << arg.error().message;
  return false;
}

/// A Result that holds an error of this code, whose message holds this text.
MATCHER_P2(IsError, code, text, std::string("is an error whose message holds \"") + text + "\"") {
  if (arg.has_value()) return false;
  *result_listener << "code " << static_cast<int>(arg.error().code) << ": " << arg.error().message;
  return arg.error().code == code && arg.error().message.find(text) != std::string::npos;
}

}  // namespace testing
}  // namespace zeus

/// Declares `declaration` from the value of `expression`, or fails the test with its error.
#define ZEUS_ASSERT_OK_AND_ASSIGN(declaration, expression) \
  ZEUS_ASSERT_OK_AND_ASSIGN_INNER(ZEUS_CONCAT(zeus_result_, __LINE__), declaration, expression)
#define ZEUS_ASSERT_OK_AND_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                                            \
  ASSERT_THAT(result, ::zeus::testing::IsOk());                          \
  declaration = *std::move(result)
