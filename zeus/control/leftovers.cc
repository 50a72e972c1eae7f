#include "zeus/control/leftovers.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "zeus/control/verified_settings.h"

namespace zeus {
namespace {

Gpu* FindGpu(std::span<Gpu* const> gpus, std::string_view uuid) {
  const auto found = std::ranges::find_if(gpus, [&](const Gpu* gpu) { return gpu->info().uuid == uuid; });
  return found == gpus.end() ? nullptr : *found;
}

// What is done about a record, and how that is told.
Leftover Settle(GpuJournal& journal, const JournalRecord& record, Gpu& gpu) {
  Leftover leftover{.file = journal.file(), .uuid = record.uuid, .record = record};
  JournalRecord rest = record;
  const Result<void> restored = RestoreSettings(gpu, rest);
  // Where this fails after a restore, the next one does the same once more.
  const Result<void> written = journal.Write(rest);
  if (restored && written) {
    leftover.message =
        fmt::format("restored what {} had changed: {}", ToText(record.borrower), DescribeChanges(record));
    return leftover;
  }
  leftover.state = LeftoverState::kFailed;
  leftover.why = (restored ? written : restored).error().code;
  leftover.message = restored ? written.error().message
                              : fmt::format("cannot restore what {} had changed: {}", ToText(record.borrower),
                                            restored.error().message);
  return leftover;
}

Leftover SettleDamaged(GpuJournal& journal, std::string uuid, const Error& damage) {
  Leftover leftover{.file = journal.file(), .uuid = std::move(uuid), .state = LeftoverState::kDamaged};
  const Result<std::filesystem::path> kept = journal.SetAside();
  if (kept) {
    leftover.message =
        fmt::format("{}; the journal is kept as {}; check the GPU's settings by hand", damage.message, kept->string());
    return leftover;
  }
  // Still in its place, where the next borrower would write over it: nobody may borrow.
  leftover.state = LeftoverState::kFailed;
  leftover.why = kept.error().code;
  leftover.message = fmt::format("{}; {}", damage.message, kept.error().message);
  return leftover;
}

// A name that anybody may have chosen, fit for a terminal.
std::string Printable(std::string name) {
  for (char& c : name) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return name;
}

struct Candidate {
  std::filesystem::path file;
  std::string uuid;
};

Result<std::vector<Candidate>> FindJournals(const std::filesystem::path& folder) {
  std::vector<Candidate> found;
  std::error_code error;
  for (std::filesystem::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    const std::filesystem::path& file = each->path();
    if (file.extension() == ".json") found.push_back({.file = file, .uuid = file.stem().string()});
  }
  if (error) {
    return Fail(error == std::errc::permission_denied ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable,
                fmt::format("{}: cannot list: {}", folder.string(), error.message()));
  }
  std::ranges::sort(found, {}, &Candidate::file);
  return found;
}

// Nothing where the journal has gone since it was listed.
std::optional<Leftover> Examine(const Candidate& candidate, std::span<Gpu* const> gpus, LeftoverMode mode,
                                const Borrower& me) {
  Leftover leftover{.file = candidate.file, .uuid = candidate.uuid};
  const auto is = [&](LeftoverState state, std::string message) {
    leftover.state = state;
    leftover.message = std::move(message);
    return leftover;
  };
  if (!IsJournalName(candidate.uuid)) {
    return is(LeftoverState::kFailed,
              fmt::format("{}: the file's name is no GPU's UUID: expected letters, digits, dashes",
                          Printable(candidate.file.string())));
  }
  Gpu* const gpu = FindGpu(gpus, candidate.uuid);
  const std::string label = gpu != nullptr ? GpuLabel(gpu->info()) : candidate.uuid;
  Result<GpuJournal> journal = GpuJournal::Lock(candidate.file.parent_path(), candidate.uuid, label, me);
  if (!journal) {
    const bool held = journal.error().code == ErrorCode::kFailedPrecondition;
    if (held) leftover.record = ReadJournal(candidate.file, candidate.uuid).value_or(std::nullopt);
    return is(held ? LeftoverState::kHeld : LeftoverState::kFailed, journal.error().message);
  }
  if (gpu != nullptr && mode == LeftoverMode::kRestore) return RestoreLeftover(*journal, *gpu);

  const Result<std::optional<JournalRecord>> record = journal->Read();
  if (!record) {
    const bool damaged = record.error().code == ErrorCode::kInvalidData;
    if (damaged && mode == LeftoverMode::kRestore) return SettleDamaged(*journal, candidate.uuid, record.error());
    return is(damaged ? LeftoverState::kDamaged : LeftoverState::kFailed, record.error().message);
  }
  if (!*record) return std::nullopt;
  leftover.record = *record;
  const std::string what = fmt::format("{} had changed: {}", ToText((*record)->borrower), DescribeChanges(**record));
  if (gpu != nullptr) return is(LeftoverState::kToRestore, what);
  return is(LeftoverState::kNoSuchGpu,
            fmt::format("{} ({}) is not here; {}", candidate.uuid, (*record)->gpu_name, what));
}

}  // namespace

std::string_view LeftoverStateName(LeftoverState state) {
  switch (state) {
    case LeftoverState::kRestored:
      return "restored";
    case LeftoverState::kToRestore:
      return "to_restore";
    case LeftoverState::kHeld:
      return "held";
    case LeftoverState::kNoSuchGpu:
      return "no_such_gpu";
    case LeftoverState::kDamaged:
      return "damaged";
    case LeftoverState::kFailed:
      return "failed";
  }
  return "";
}

std::optional<Leftover> RestoreLeftover(GpuJournal& journal, Gpu& gpu) {
  const std::string& uuid = gpu.info().uuid;
  const Result<std::optional<JournalRecord>> record = journal.Read();
  if (record) return *record ? std::optional(Settle(journal, **record, gpu)) : std::nullopt;
  if (record.error().code == ErrorCode::kInvalidData) return SettleDamaged(journal, uuid, record.error());
  return Leftover{.file = journal.file(),
                  .uuid = uuid,
                  .state = LeftoverState::kFailed,
                  .message = record.error().message,
                  .why = record.error().code};
}

Result<std::vector<Leftover>> RestoreLeftovers(const std::filesystem::path& folder, std::span<Gpu* const> gpus,
                                               LeftoverMode mode, const WallClock& wall_clock) {
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::symlink_status(folder, error))) return std::vector<Leftover>();
  ZEUS_RETURN_IF_ERROR(SettingsJournal::CheckFolder(folder));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<Candidate> candidates, FindJournals(folder));
  const Borrower me = ThisProcess(wall_clock());
  std::vector<Leftover> leftovers;
  for (const Candidate& candidate : candidates) {
    if (std::optional<Leftover> leftover = Examine(candidate, gpus, mode, me))
      leftovers.push_back(*std::move(leftover));
  }
  return leftovers;
}

}  // namespace zeus
