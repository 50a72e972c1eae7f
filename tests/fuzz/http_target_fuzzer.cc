// The target of an HTTP request.
#include "services/http/target.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using zeus::fuzz::Require;
  const auto target = zeus::http::ParseTarget(zeus::fuzz::ToText(data, size));
  if (!target) return 0;
  std::string again;
  for (const std::string& segment : target->segments) again += "/" + zeus::http::EscapeForTarget(segment);
  const auto parsed = zeus::http::ParseTarget(again);
  Require(parsed && parsed->segments == target->segments, "escaped segments read back");
  for (const auto& [name, value] : target->query) {
    const auto one =
        zeus::http::ParseTarget("/?" + zeus::http::EscapeForTarget(name) + "=" + zeus::http::EscapeForTarget(value));
    Require(one && one->query.size() == 1 && one->query.front() == std::pair(name, value), "escaped queries read back");
  }
  return 0;
}
