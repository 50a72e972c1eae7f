#include "apps/zeus/list_flags.h"

#include <fmt/format.h>

#include "zeus/base/number_text.h"

namespace zeus {
namespace {

constexpr uint64_t kMostSeeds = 1'000'000;

}  // namespace

Result<std::vector<std::string>> SplitList(std::string_view flag, std::string_view list) {
  std::vector<std::string> parts;
  while (true) {
    const size_t comma = list.find(',');
    const std::string_view part = list.substr(0, comma);
    if (part.empty()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: expected names separated by commas, found an empty one", flag));
    }
    parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

Result<std::vector<double>> NumberList(std::string_view flag, std::string_view list) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<std::string> parts, SplitList(flag, list));
  std::vector<double> numbers;
  for (const std::string& part : parts) {
    const std::optional<double> number = ParseDouble(part);
    if (!number) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: expected a number, found \"{}\"", flag, part));
    }
    numbers.push_back(*number);
  }
  return numbers;
}

Result<std::vector<uint64_t>> SeedList(std::string_view flag, std::string_view list) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<std::string> parts, SplitList(flag, list));
  std::vector<uint64_t> seeds;
  for (const std::string& part : parts) {
    const std::string_view text = part;
    const size_t dash = text.find('-');
    const std::optional<uint64_t> first = ParseUnsigned(text.substr(0, dash));
    const std::optional<uint64_t> last = dash == std::string_view::npos ? first : ParseUnsigned(text.substr(dash + 1));
    if (!first || !last || *last < *first || *last - *first >= kMostSeeds) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: expected seeds such as 7 or 1-50 (at most a million), found \"{}\"", flag, part));
    }
    for (uint64_t seed = *first;; ++seed) {
      seeds.push_back(seed);
      if (seed == *last) break;
    }
  }
  return seeds;
}

}  // namespace zeus
