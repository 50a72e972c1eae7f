#include "zeus/trace/problem.h"

#include <fmt/format.h>

namespace zeus {

std::string ToText(const Problem& problem) {
  if (problem.line == 0) return fmt::format("{}: {}", problem.source, problem.message);
  if (problem.column == 0) return fmt::format("{}:{}: {}", problem.source, problem.line, problem.message);
  return fmt::format("{}:{}:{}: {}", problem.source, problem.line, problem.column, problem.message);
}

Result<void> ToResult(const Problems& problems) {
  if (problems.empty()) return {};
  std::string message = ToText(problems.front());
  if (problems.size() > 1) {
    message += fmt::format(" (and {} more; `zeus trace check` lists them all)", problems.size() - 1);
  }
  return Fail(ErrorCode::kInvalidData, std::move(message));
}

}  // namespace zeus
