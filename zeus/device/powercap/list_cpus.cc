#include "zeus/device/powercap/list_cpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "zeus/device/powercap/powercap_cpu.h"
#include "zeus/device/powercap/powercap_zones.h"

namespace zeus {
namespace {

using powercap::WrappingCounter;
using powercap::Zone;

/// No package draws more, whatever it is.
constexpr Watts kMostPower(1000);

struct Dram {
  std::optional<WrappingCounter> counter;
  std::string why_not;
};

Dram OpenDram(const Zone& package, std::vector<Error>& problems) {
  const Result<std::vector<Zone>> subzones = powercap::ListSubzones(package);
  std::optional<Error> error;
  if (!subzones) error = subzones.error();
  for (const Zone& subzone : subzones.value_or(std::vector<Zone>())) {
    const Result<std::string> name = powercap::ReadLineFile(subzone.folder / "name");
    if (!name) {
      error = name.error();
      continue;
    }
    if (*name != "dram") continue;
    Result<WrappingCounter> counter = WrappingCounter::Open(subzone.folder);
    if (counter) return {*std::move(counter), {}};
    error = counter.error();
    break;
  }
  if (!error) return {std::nullopt, "this processor has no zone named dram"};
  problems.push_back(*error);
  return {std::nullopt, error->message};
}

void AddCpu(const Zone& zone, const Clock& clock, CpuList& list) {
  Result<std::string> name = powercap::ReadLineFile(zone.folder / "name");
  if (!name) {
    list.problems.push_back(name.error());
    return;
  }
  if (!name->starts_with("package-")) return;
  Result<WrappingCounter> package = WrappingCounter::Open(zone.folder);
  if (!package) {
    list.problems.push_back(package.error());
    return;
  }
  Dram dram = OpenDram(zone, list.problems);
  Joules range = package->range();
  if (dram.counter) range = std::min(range, dram.counter->range());
  list.longest_pause = Seconds(std::min(list.longest_pause.value(), range.value() / kMostPower.value() / 2));
  list.cpus.push_back(std::make_unique<powercap::PowercapCpu>(
      CpuInfo{.index = zone.number, .name = *std::move(name), .why_no_dram = std::move(dram.why_not)},
      *std::move(package), std::move(dram.counter), clock));
}

}  // namespace

Result<CpuList> ListCpus(const std::filesystem::path& root, const Clock& clock) {
  ZEUS_ASSIGN_OR_RETURN(const std::filesystem::path folder, powercap::FindRaplFolder(root));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<Zone> zones, powercap::ListZones(folder));
  CpuList list{.longest_pause = Seconds(std::numeric_limits<double>::infinity())};
  for (const Zone& zone : zones) AddCpu(zone, clock, list);
  if (list.cpus.empty() && list.problems.empty()) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("{}: expected a zone intel-rapl:N named package-N, found none; is the "
                            "kernel module intel_rapl_msr loaded?",
                            folder.string()));
  }
  return list;
}

}  // namespace zeus
