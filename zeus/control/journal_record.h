#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/device/gpu_settings.h"

namespace zeus {

/// The process that borrows, as it is named to people.
struct Borrower {
  int64_t pid = 0;
  std::string command;  ///< As the kernel knows it: at most 15 characters.
  std::string since;    ///< UTC, "2025-01-31T12:00:00Z".

  bool operator==(const Borrower&) const = default;
};

/// "process 1234 (python3) since 2025-01-31T12:00:00Z".
std::string ToText(const Borrower& borrower);

/// What was there before the first change, and what was set last.
template <class Value>
struct BorrowedValue {
  Value before;
  Value set;  ///< The first value that was set; later ones are not recorded.

  bool operator==(const BorrowedValue&) const = default;
};

/// What a process has changed about one GPU: the content of its journal. A setting that is absent is not changed.
struct JournalRecord {
  std::string uuid;
  std::string gpu_name;
  Borrower borrower;
  std::optional<BorrowedValue<Watts>> power_limit;
  std::optional<BorrowedValue<PersistenceMode>> persistence_mode;
  /// What is locked. No library tells what was locked before, so that what was there before is "the driver decides".
  std::optional<ClockRange> graphics_clocks;
  std::optional<ClockRange> memory_clocks;

  [[nodiscard]] bool changes_nothing() const {
    return !power_limit && !persistence_mode && !graphics_clocks && !memory_clocks;
  }
  [[nodiscard]] std::optional<ClockRange>& clocks(ClockDomain domain) {
    return domain == ClockDomain::kGraphics ? graphics_clocks : memory_clocks;
  }
  [[nodiscard]] const std::optional<ClockRange>& clocks(ClockDomain domain) const {
    return domain == ClockDomain::kGraphics ? graphics_clocks : memory_clocks;
  }

  bool operator==(const JournalRecord&) const = default;
};

/// "power limit (was 250 W), graphics clocks 510 to 1005 MHz (were not locked)"; "nothing" for no change.
std::string DescribeChanges(const JournalRecord& record);

/// The record as JSON text, with its format and version. Names are cut and control characters in them
/// replaced, so that ParseJournalText accepts every record.
std::string ToJournalText(const JournalRecord& record);

/// Reads what ToJournalText wrote. kInvalidData names `source`, the place, what was expected and what was found: for
/// anything else, a setting that this version does not know included, since it could not be restored.
Result<JournalRecord> ParseJournalText(std::string_view text, std::string_view source);

/// The borrower alone, as lock files hold it.
std::string ToLockText(const Borrower& borrower);
Result<Borrower> ParseLockText(std::string_view text, std::string_view source);

}  // namespace zeus
