#include "zeus/control/journal_record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "zeus/base/json_fields.h"
#include "zeus/control/setting.h"

namespace zeus {
namespace {

constexpr const char* kFormat = "zeus-settings-journal";
constexpr int kVersion = 1;
constexpr size_t kMaxTextBytes = 1024;
constexpr const char* kNotLocked = "not locked";

std::string_view ModeName(PersistenceMode mode) {
  return mode == PersistenceMode::kOn ? "on" : "off";
}

// Whether the byte at `i` is, or begins, a control character of ASCII or of U+0080 to U+009F.
bool IsControl(std::string_view text, size_t i) {
  const auto byte = static_cast<unsigned char>(text[i]);
  const bool second = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
  return byte < 0x20 || byte == 0x7F || second;
}

// What ShownText accepts, whatever a process or a card calls itself: each byte may become a sign of three.
std::string Shown(std::string text) {
  text.resize(std::min(text.size(), kMaxTextBytes / 3));
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsControl(text, i)) text[i] = '?';
  }
  return text;
}

// A text that may be shown on a terminal: whoever damaged the file must not get to steer it.
Result<std::string> ShownText(const JsonPlace& place) {
  ZEUS_ASSIGN_OR_RETURN(std::string text, place.Text());
  bool shown = text.size() <= kMaxTextBytes;
  for (size_t i = 0; i < text.size(); ++i) shown = shown && !IsControl(text, i);
  if (!shown) return place.Expected(fmt::format("at most {} printable characters", kMaxTextBytes));
  return text;
}

Result<std::string> ShownField(const JsonPlace& object, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, object.Field(name));
  return ShownText(field);
}

Result<double> QuantityField(const JsonPlace& object, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, object.Field(name));
  ZEUS_ASSIGN_OR_RETURN(const double value, field.Number());
  if (!std::isfinite(value) || value < 0) return field.Expected("a number from 0");
  return value;
}

Result<PersistenceMode> ModeField(const JsonPlace& object, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, object.Field(name));
  ZEUS_ASSIGN_OR_RETURN(const std::string text, field.Text());
  if (text == ModeName(PersistenceMode::kOn)) return PersistenceMode::kOn;
  if (text == ModeName(PersistenceMode::kOff)) return PersistenceMode::kOff;
  return field.Expected("\"on\" or \"off\"");
}

Result<ClockRange> ReadClocks(const JsonPlace& place) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace before, place.Field("before"));
  ZEUS_ASSIGN_OR_RETURN(const std::string text, before.Text());
  if (text != kNotLocked) return before.Expected(fmt::format("\"{}\"", kNotLocked));
  ZEUS_ASSIGN_OR_RETURN(const double minimum, QuantityField(place, "minimum_MHz"));
  ZEUS_ASSIGN_OR_RETURN(const double maximum, QuantityField(place, "maximum_MHz"));
  if (minimum > maximum) return place.Expected("a minimum_MHz that is not above maximum_MHz");
  return ClockRange{Megahertz(minimum), Megahertz(maximum)};
}

Result<void> ReadSetting(std::string_view name, const JsonPlace& place, JournalRecord& record) {
  if (name == BorrowedSettingName(BorrowedSetting::kPowerLimit)) {
    ZEUS_ASSIGN_OR_RETURN(const double before, QuantityField(place, "before_W"));
    ZEUS_ASSIGN_OR_RETURN(const double set, QuantityField(place, "set_W"));
    record.power_limit = {Watts(before), Watts(set)};
  } else if (name == BorrowedSettingName(BorrowedSetting::kPersistenceMode)) {
    ZEUS_ASSIGN_OR_RETURN(const PersistenceMode before, ModeField(place, "before"));
    ZEUS_ASSIGN_OR_RETURN(const PersistenceMode set, ModeField(place, "set"));
    record.persistence_mode = {before, set};
  } else if (name == BorrowedSettingName(BorrowedSetting::kGraphicsClocks)) {
    ZEUS_ASSIGN_OR_RETURN(record.graphics_clocks, ReadClocks(place));
  } else if (name == BorrowedSettingName(BorrowedSetting::kMemoryClocks)) {
    ZEUS_ASSIGN_OR_RETURN(record.memory_clocks, ReadClocks(place));
  } else {
    return place.Expected("a setting's name: power_limit, persistence_mode, graphics_clocks or memory_clocks");
  }
  return {};
}

Json ClocksToJson(const ClockRange& range) {
  return {{"before", kNotLocked},
          {"minimum_MHz", NumberToJson(range.minimum.value())},
          {"maximum_MHz", NumberToJson(range.maximum.value())}};
}

Json SettingsToJson(const JournalRecord& record) {
  Json settings = Json::object();
  const auto place = [&](BorrowedSetting setting) -> Json& {
    return settings[std::string(BorrowedSettingName(setting))];
  };
  if (const auto& limit = record.power_limit) {
    place(BorrowedSetting::kPowerLimit) = {{"before_W", NumberToJson(limit->before.value())},
                                           {"set_W", NumberToJson(limit->set.value())}};
  }
  if (const auto& mode = record.persistence_mode) {
    place(BorrowedSetting::kPersistenceMode) = {{"before", ModeName(mode->before)}, {"set", ModeName(mode->set)}};
  }
  if (record.graphics_clocks) place(BorrowedSetting::kGraphicsClocks) = ClocksToJson(*record.graphics_clocks);
  if (record.memory_clocks) place(BorrowedSetting::kMemoryClocks) = ClocksToJson(*record.memory_clocks);
  return settings;
}

void AddBorrower(const Borrower& borrower, Json& json) {
  json["pid"] = borrower.pid;
  json["command"] = Shown(borrower.command);
  json["since"] = Shown(borrower.since);
}

Result<Borrower> ReadBorrower(const JsonPlace& place) {
  Borrower borrower;
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace pid, place.Field("pid"));
  ZEUS_ASSIGN_OR_RETURN(borrower.pid, pid.Integer());
  ZEUS_ASSIGN_OR_RETURN(borrower.command, ShownField(place, "command"));
  ZEUS_ASSIGN_OR_RETURN(borrower.since, ShownField(place, "since"));
  return borrower;
}

std::string ToText(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string ToText(const Borrower& borrower) {
  return fmt::format("process {} ({}) since {}", borrower.pid, borrower.command, borrower.since);
}

std::string DescribeChanges(const JournalRecord& record) {
  std::vector<std::string> changes;
  if (const auto& limit = record.power_limit) {
    changes.push_back(fmt::format("power limit (was {} W)", limit->before.value()));
  }
  if (const auto& mode = record.persistence_mode) {
    changes.push_back(fmt::format("persistence mode {} (was {})", ModeName(mode->set), ModeName(mode->before)));
  }
  const auto add_clocks = [&](std::string_view name, const std::optional<ClockRange>& range) {
    if (!range) return;
    changes.push_back(
        fmt::format("{} {} to {} MHz (were {})", name, range->minimum.value(), range->maximum.value(), kNotLocked));
  };
  add_clocks("graphics clocks", record.graphics_clocks);
  add_clocks("memory clocks", record.memory_clocks);
  return changes.empty() ? "nothing" : fmt::format("{}", fmt::join(changes, ", "));
}

std::string ToJournalText(const JournalRecord& record) {
  Json json = {{"format", kFormat}, {"version", kVersion}};
  json["uuid"] = record.uuid;
  json["gpu"] = Shown(record.gpu_name);
  AddBorrower(record.borrower, json);
  json["settings"] = SettingsToJson(record);
  return ToText(json);
}

Result<JournalRecord> ParseJournalText(std::string_view text, std::string_view source) {
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(text, source));
  const JsonPlace root(json, std::string(source));
  ZEUS_RETURN_IF_ERROR(CheckFormat(root, kFormat, kVersion));
  JournalRecord record;
  ZEUS_ASSIGN_OR_RETURN(record.uuid, ShownField(root, "uuid"));
  ZEUS_ASSIGN_OR_RETURN(record.gpu_name, ShownField(root, "gpu"));
  ZEUS_ASSIGN_OR_RETURN(record.borrower, ReadBorrower(root));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace settings, root.Field("settings"));
  if (!settings.json().is_object()) return settings.Expected("an object");
  for (const auto& [name, value] : settings.json().items()) {
    ZEUS_RETURN_IF_ERROR(
        ReadSetting(name, JsonPlace(value, fmt::format("{}.{}", settings.path(), Shown(name))), record));
  }
  return record;
}

std::string ToLockText(const Borrower& borrower) {
  Json json;
  AddBorrower(borrower, json);
  return ToText(json);
}

Result<Borrower> ParseLockText(std::string_view text, std::string_view source) {
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(text, source));
  return ReadBorrower(JsonPlace(json, std::string(source)));
}

}  // namespace zeus
