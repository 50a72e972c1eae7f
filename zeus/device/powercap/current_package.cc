#include "zeus/device/powercap/current_package.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "zeus/base/number_text.h"
#include "zeus/base/text_file.h"
#include "zeus/device/powercap/counter_file.h"
#include "zeus/device/powercap/powercap_zones.h"

namespace zeus {
namespace {

using std::filesystem::path;

/// proc_pid_stat(5), field 39 (processor). The name in field 2 may hold blanks and parentheses, so that fields are
/// counted from the last parenthesis.
Result<uint64_t> ReadProcessor(const path& file) {
  ZEUS_ASSIGN_OR_RETURN(const std::string stat, ReadFile(file));
  constexpr int kFieldsBefore = 36;
  std::string_view rest(stat);
  rest.remove_prefix(std::min(rest.rfind(')') + 1, rest.size()));
  for (int field = 0;; ++field) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \n"), rest.size()));
    const std::string_view text = rest.substr(0, rest.find_first_of(" \n"));
    if (text.empty()) break;
    if (field < kFieldsBefore) {
      rest.remove_prefix(text.size());
      continue;
    }
    if (const std::optional<uint64_t> processor = ParseUnsigned(text)) return *processor;
    break;
  }
  return Fail(ErrorCode::kInvalidData, fmt::format("{}: expected a processor's number in field 39", file.string()));
}

}  // namespace

Result<int> CurrentPackage(const path& root, std::optional<int> pid) {
  const std::string process = pid ? std::to_string(*pid) : "self";
  ZEUS_ASSIGN_OR_RETURN(const uint64_t processor, ReadProcessor(root / "proc" / process / "stat"));
  const path topology = root / fmt::format("sys/devices/system/cpu/cpu{}/topology", processor);
  ZEUS_ASSIGN_OR_RETURN(const uint64_t package, powercap::ReadNumberFile(topology / "physical_package_id"));
  std::string with_die;
  // Kernels before 5.3 tell no die; their zones are named without.
  if (const Result<uint64_t> die = powercap::ReadNumberFile(topology / "die_id")) {
    with_die = fmt::format("package-{}-die-{}", package, *die);
  }
  const std::string without_die = fmt::format("package-{}", package);
  ZEUS_ASSIGN_OR_RETURN(const path folder, powercap::FindRaplFolder(root));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<powercap::Zone> zones, powercap::ListZones(folder));
  for (const powercap::Zone& zone : zones) {
    const Result<std::string> name = powercap::ReadLineFile(zone.folder / "name");
    if (name && (*name == without_die || *name == with_die)) return zone.number;
  }
  return Fail(ErrorCode::kNotFound, fmt::format("{}: expected a zone named {}{}{}, found none", folder.string(),
                                                without_die, with_die.empty() ? "" : " or ", with_die));
}

}  // namespace zeus
