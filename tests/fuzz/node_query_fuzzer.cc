// The query of a request to the node daemon, and the devices that it names.
#include <algorithm>
#include <array>

#include "services/http/target.h"
#include "services/node_daemon/chosen_devices.h"
#include "services/node_daemon/strict_query.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using zeus::QueryRule;
  using zeus::fuzz::Require;
  static const std::array kRules = {QueryRule{.name = "gpu_ids"},
                                    QueryRule{.name = "power_limit_mw", .kind = QueryRule::Kind::kNumber},
                                    QueryRule{.name = "block", .kind = QueryRule::Kind::kFlag}};
  const auto target = zeus::http::ParseTarget("/?" + std::string(zeus::fuzz::ToText(data, size)));
  if (!target) return 0;
  const auto query = zeus::ReadQuery(target->query, kRules);
  if (!query) {
    Require(query.error().status == 400 && !query.error().body.empty(), "what is wrong is told");
    return 0;
  }
  Require(target->query.size() == kRules.size(), "each field came once");
  const std::vector<uint64_t> there = {0, 1, 2, 3};
  const auto ids = zeus::ChooseToWrite(zeus::kGpuKind, *query->Text("gpu_ids"), there);
  if (!ids) return 0;
  Require(!ids->empty() && std::ranges::is_sorted(*ids) && ids->back() < there.size(), "only devices that are there");
  Require(std::ranges::adjacent_find(*ids) == ids->end(), "each device once");
  return 0;
}
