#include "apps/zeus/monitor_gpus.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "apps/zeus/list_flags.h"
#include "zeus/base/number_text.h"

namespace zeus {

Result<std::vector<ChosenGpu>> ChooseGpus(const DeviceInventory& inventory, const std::string& list) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<Gpu*> visible, inventory.VisibleGpus());
  std::vector<ChosenGpu> chosen;
  if (list.empty()) {
    for (size_t i = 0; i < visible.size(); ++i) chosen.push_back({.index = i, .gpu = visible[i]});
    return chosen;
  }
  ZEUS_ASSIGN_OR_RETURN(const std::vector<std::string> parts, SplitList("--gpu", list));
  for (const std::string& part : parts) {
    const std::optional<uint64_t> index = ParseUnsigned(part);
    if (!index) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("--gpu: expected GPUs such as 0 or 0,2, found \"{}\"", part));
    }
    if (*index >= visible.size()) {
      const std::string there = visible.empty()       ? "there is none: " + WhyNoGpus(inventory)
                                : visible.size() == 1 ? "there is only GPU 0"
                                                      : fmt::format("there are 0 to {}", visible.size() - 1);
      return Fail(ErrorCode::kInvalidArgument, fmt::format("--gpu: there is no GPU {}; {}", *index, there));
    }
    if (std::ranges::find(chosen, *index, &ChosenGpu::index) != chosen.end()) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("--gpu: GPU {} is named twice", *index));
    }
    chosen.push_back({.index = *index, .gpu = visible[*index]});
  }
  return chosen;
}

std::string WhyNoGpus(const DeviceInventory& inventory) {
  const std::vector<std::string>& problems = inventory.problems();
  if (problems.empty()) return "no library that knows GPUs can be used; `zeus env` tells why";
  return fmt::format("{}", fmt::join(problems, "; "));
}

}  // namespace zeus
