#include "services/node_daemon/kept_settings.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <tuple>
#include <utility>

#include "zeus/control/leftovers.h"
#include "zeus/control/settings_journal.h"
#include "zeus/control/verified_settings.h"

namespace zeus {
namespace {

constexpr std::array kDomains = {ClockDomain::kGraphics, ClockDomain::kMemory};

Result<SettingsJournal> OpenJournal(const std::filesystem::path& folder) {
  return SettingsJournal::Open(folder, std::chrono::system_clock::now);
}

Result<void> ChangeBorrowed(BorrowedGpu& gpu, const SettingChange& change) {
  if (const auto* const power = std::get_if<PowerLimitChange>(&change)) return gpu.SetPowerLimit(power->limit);
  if (const auto* const persistence = std::get_if<PersistenceChange>(&change)) {
    return gpu.SetPersistenceMode(persistence->mode);
  }
  if (const auto* const lock = std::get_if<ClockLock>(&change)) {
    ZEUS_RETURN_IF_ERROR(gpu.LockClocks(lock->domain, lock->range));
    return {};
  }
  const std::optional<ClockDomain> domain = std::get<ClockReset>(change).domain;
  if (domain) return gpu.ResetClocks(*domain);
  Result<void> all;
  for (const ClockDomain each : kDomains) {
    if (Result<void> reset = gpu.ResetClocks(each); !reset && all) all = std::move(reset);
  }
  return all;
}

// Whether the record says what was there before the first such change. Clocks that are reset need none.
bool IsKnown(const SettingChange& change, const JournalRecord& record) {
  if (std::holds_alternative<PowerLimitChange>(change)) return record.power_limit.has_value();
  if (std::holds_alternative<PersistenceChange>(change)) return record.persistence_mode.has_value();
  const auto* const lock = std::get_if<ClockLock>(&change);
  return lock == nullptr || record.clocks(lock->domain).has_value();
}

}  // namespace

std::string KeptSettings::Begin() {
  if (rules_.journal.empty()) return "";
  const Result<GpuJournal*> journal = UnleasedJournal();
  if (!journal) return "what is changed without a lease cannot be noted: " + journal.error().message;
  if (rules_.unleased == Unleased::kStay) return "";
  const std::optional<Leftover> leftover = RestoreLeftover(**journal, gpu_);
  before_ = {.uuid = before_.uuid, .gpu_name = before_.gpu_name, .borrower = before_.borrower};
  return leftover ? fmt::format("{}: {}", GpuLabel(gpu_.info()), leftover->message) : "";
}

Result<void> KeptSettings::Change(const SettingChange& change, std::optional<int64_t> lease) {
  return lease ? ChangeUnderLease(change, *lease) : ChangeForGood(change);
}

Result<void> KeptSettings::ChangeUnderLease(const SettingChange& change, int64_t lease) {
  auto found = leases_.find(lease);
  if (found == leases_.end()) {
    ZEUS_ASSIGN_OR_RETURN(const SettingsJournal journal, OpenJournal(rules_.journal));
    ZEUS_ASSIGN_OR_RETURN(std::unique_ptr<BorrowedGpu> borrowed, BorrowedGpu::Borrow(gpu_, journal));
    found = leases_.emplace(lease, std::move(borrowed)).first;
  }
  return ChangeBorrowed(*found->second, change);
}

Result<void> KeptSettings::ChangeForGood(const SettingChange& change) {
  // Where it cannot be noted, the change is made all the same: Begin() has told.
  std::ignore = NoteUnleased(change);
  ZEUS_RETURN_IF_ERROR(ApplyByLibrary(gpu_, change));
  if (leases_.empty() && late_.empty()) return {};
  std::erase_if(during_leases_,
                [&](const SettingChange& other) { return std::string(OperationName(other)) == OperationName(change); });
  during_leases_.push_back(change);
  return {};
}

std::optional<Result<void>> KeptSettings::EndLease(int64_t lease) {
  const auto found = leases_.find(lease);
  if (found == leases_.end()) return std::nullopt;
  std::unique_ptr<BorrowedGpu> borrowed = std::move(leases_.extract(found).mapped());
  Result<void> restored = borrowed->Restore();
  if (restored) return RepeatUnleased();
  late_.push_back(std::move(borrowed));
  return restored;
}

Result<void> KeptSettings::RestoreLate() {
  Result<void> all;
  std::erase_if(late_, [&](const std::unique_ptr<BorrowedGpu>& borrowed) {
    Result<void> restored = borrowed->Restore();
    const bool is_back = restored.has_value();
    if (!is_back && all) all = std::move(restored);
    return is_back;
  });
  return all ? RepeatUnleased() : all;
}

// Once no lease is left to put something back.
Result<void> KeptSettings::RepeatUnleased() {
  Result<void> all;
  if (!leases_.empty() || !late_.empty()) return all;
  for (const SettingChange& change : std::exchange(during_leases_, {})) {
    if (Result<void> applied = ApplyByLibrary(gpu_, change); !applied && all) all = std::move(applied);
  }
  return all;
}

Result<void> KeptSettings::End() {
  Result<void> all;
  while (!leases_.empty()) {
    if (auto ended = EndLease(leases_.begin()->first); ended && !*ended && all) all = *std::move(ended);
  }
  if (is_late()) {
    if (Result<void> restored = RestoreLate(); !restored && all) all = std::move(restored);
  }
  if (rules_.unleased == Unleased::kRestored && unleased_) {
    if (Result<void> restored = RestoreSettings(gpu_, before_); !restored && all) all = std::move(restored);
    if (Result<void> written = unleased_->Write(before_); !written && all) all = std::move(written);
  }
  return all;
}

Result<GpuJournal*> KeptSettings::UnleasedJournal() {
  if (!unleased_) {
    // The outer folder first: it is checked, too.
    ZEUS_RETURN_IF_ERROR(OpenJournal(rules_.journal));
    ZEUS_ASSIGN_OR_RETURN(const SettingsJournal folder, OpenJournal(rules_.journal / "unleased"));
    const GpuInfo& info = gpu_.info();
    const Borrower me = folder.ThisProcess();
    ZEUS_ASSIGN_OR_RETURN(GpuJournal journal, GpuJournal::Lock(folder.folder(), info.uuid, GpuLabel(info), me));
    const Result<std::optional<JournalRecord>> known = journal.Read();
    before_ = known && *known ? **known : JournalRecord{.uuid = info.uuid, .gpu_name = info.name, .borrower = me};
    unleased_ = std::make_unique<GpuJournal>(std::move(journal));
  }
  return unleased_.get();
}

// Before it happens, and once: what is there now, unless it is known already.
Result<void> KeptSettings::NoteUnleased(const SettingChange& change) {
  if (rules_.journal.empty()) return {};
  ZEUS_ASSIGN_OR_RETURN(GpuJournal* const journal, UnleasedJournal());
  if (IsKnown(change, before_)) return {};
  JournalRecord record = before_;
  if (const auto* const power = std::get_if<PowerLimitChange>(&change)) {
    ZEUS_ASSIGN_OR_RETURN(const Watts limit, gpu_.settings().ReadPowerLimit());
    record.power_limit = {limit, power->limit};
  } else if (const auto* const mode = std::get_if<PersistenceChange>(&change)) {
    ZEUS_ASSIGN_OR_RETURN(const PersistenceMode now, gpu_.settings().ReadPersistenceMode());
    record.persistence_mode = {now, mode->mode};
  } else if (const auto* const lock = std::get_if<ClockLock>(&change)) {
    record.clocks(lock->domain) = lock->range;
  }
  ZEUS_RETURN_IF_ERROR(journal->Write(record));
  before_ = std::move(record);
  return {};
}

}  // namespace zeus
