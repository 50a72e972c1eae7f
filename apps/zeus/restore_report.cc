#include "apps/zeus/restore_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "apps/zeus/table.h"
#include "zeus/base/json_fields.h"

namespace zeus {
namespace {

std::string StateText(LeftoverState state) {
  switch (state) {
    case LeftoverState::kRestored:
      return "restored";
    case LeftoverState::kToRestore:
      return "to restore";
    case LeftoverState::kHeld:
      return "in use";
    case LeftoverState::kNoSuchGpu:
      return "no such GPU";
    case LeftoverState::kDamaged:
      return "damaged";
    case LeftoverState::kFailed:
      return "failed";
  }
  return "";
}

Style StyleOf(const Leftover& leftover) {
  if (IsProblem(leftover)) return Style::kBad;
  return leftover.state == LeftoverState::kRestored ? Style::kGood : Style::kPlain;
}

Json ToJson(const Leftover& leftover) {
  Json json = {{"file", leftover.file.string()},
               {"uuid", leftover.uuid},
               {"state", LeftoverStateName(leftover.state)},
               {"message", leftover.message},
               {"journal", Json()}};
  if (leftover.record) {
    if (Result<Json> record = ParseJson(ToJournalText(*leftover.record), "journal"))
      json["journal"] = *std::move(record);
  }
  return json;
}

}  // namespace

std::string RestoreText(const std::filesystem::path& folder, const std::vector<Leftover>& leftovers,
                        const Console& console) {
  if (leftovers.empty()) return fmt::format("nothing is left behind in {}\n", folder.string());
  Table table({{"GPU", Align::kLeft},
               {"UUID", Align::kLeft},
               {"state", Align::kLeft},
               {"changed by process", Align::kLeft},
               {"since", Align::kLeft}});
  std::string rest;
  for (const Leftover& each : leftovers) {
    const auto& record = each.record;
    // A file's name is anybody's text until it is a UUID.
    table.AddRow({record ? record->gpu_name : "-", IsJournalName(each.uuid) ? each.uuid : "-", StateText(each.state),
                  record ? fmt::format("{} ({})", record->borrower.pid, record->borrower.command) : "-",
                  record ? record->borrower.since : "-"},
                 StyleOf(each));
    fmt::format_to(std::back_inserter(rest), "{}\n", each.message);
  }
  return table.ToText(console) + "\n" + rest;
}

std::string RestoreJson(const std::filesystem::path& folder, LeftoverMode mode,
                        const std::vector<Leftover>& leftovers) {
  Json document = {
      {"folder", folder.string()}, {"dry_run", mode == LeftoverMode::kDryRun}, {"leftovers", Json::array()}};
  for (const Leftover& each : leftovers) document["leftovers"].push_back(ToJson(each));
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<void> CheckRestored(const std::vector<Leftover>& leftovers) {
  const auto problems = std::ranges::count_if(leftovers, IsProblem);
  if (problems == 0) return {};
  return Fail(ErrorCode::kUnavailable,
              fmt::format("{} of {} journals could not be restored", problems, leftovers.size()));
}

}  // namespace zeus
