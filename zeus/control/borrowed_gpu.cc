#include "zeus/control/borrowed_gpu.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <tuple>
#include <utility>

#include "zeus/control/leftovers.h"
#include "zeus/control/live_borrowings.h"

namespace zeus {
namespace {

// The device itself refused: nothing has changed.
bool IsRefusal(const Error& error) {
  return error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kPermissionDenied ||
         error.code == ErrorCode::kFailedPrecondition;
}

std::unexpected<Error> FailInChild(const GpuInfo& info) {
  return Fail(ErrorCode::kFailedPrecondition,
              GpuLabel(info) + ": its settings are borrowed by the parent process, not by this one");
}

std::unexpected<Error> FailNotPutBack(Error error, const Error& why) {
  error.message += fmt::format("; what was there cannot be put back: {}; the journal keeps it", why.message);
  return std::unexpected(std::move(error));
}

}  // namespace

BorrowedGpu::BorrowedGpu(Gpu& gpu, GpuJournal journal, JournalRecord nothing, ClockWait clock_wait,
                         std::vector<std::string> notes)
    : gpu_(gpu),
      owner_(::getpid()),
      clock_wait_(clock_wait),
      notes_(std::move(notes)),
      journal_(std::move(journal)),
      record_(std::move(nothing)) {}

Result<std::unique_ptr<BorrowedGpu>> BorrowedGpu::Borrow(Gpu& gpu, const SettingsJournal& journal,
                                                         const ClockWait& clock_wait) {
  const GpuInfo& info = gpu.info();
  const std::string label = GpuLabel(info);
  const Borrower me = journal.ThisProcess();
  ZEUS_ASSIGN_OR_RETURN(GpuJournal own, GpuJournal::Lock(journal.folder(), info.uuid, label, me));
  std::vector<std::string> notes;
  if (const std::optional<Leftover> leftover = RestoreLeftover(own, gpu)) {
    std::string message = fmt::format("{}: {}", label, leftover->message);
    if (leftover->state == LeftoverState::kFailed) return Fail(leftover->why, std::move(message));
    notes.push_back(std::move(message));
  }
  JournalRecord nothing{.uuid = info.uuid, .gpu_name = info.name, .borrower = me};
  std::unique_ptr<BorrowedGpu> borrowed(
      new BorrowedGpu(gpu, std::move(own), std::move(nothing), clock_wait, std::move(notes)));
  ZEUS_RETURN_IF_ERROR(LiveBorrowings::OfThisProcess().Add(borrowed.get()));
  return borrowed;
}

BorrowedGpu::~BorrowedGpu() {
  if (owner_ != ::getpid()) return;
  std::ignore = Restore();  // What fails stays in the journal, where whoever can do something about it finds it.
  LiveBorrowings::OfThisProcess().Remove(this);
}

Result<void> BorrowedGpu::CheckUsable() const {
  if (LiveBorrowings::OfThisProcess().ending()) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: its settings cannot be changed: the process is ending", GpuLabel(info())));
  }
  return {};
}

template <class Setting>
Result<void> BorrowedGpu::Note(Setting& setting, Setting value) {
  std::swap(setting, value);
  Result<void> written = journal_.Write(record_);
  if (!written) setting = std::move(value);
  return written;
}

template <class Value>
Result<void> BorrowedGpu::Change(std::optional<BorrowedValue<Value>> JournalRecord::* setting, Value current,
                                 Value wanted) {
  auto& place = record_.*setting;
  const std::optional<BorrowedValue<Value>> previous = place;
  if (!previous && current == wanted) return {};
  // What was there before is on disk once; the next values need no write, so that a profiler can change a limit often.
  if (!previous) ZEUS_RETURN_IF_ERROR(Note(place, std::optional(BorrowedValue<Value>{current, wanted})));
  Result<void> set = SetAndVerify(gpu_, wanted);
  if (set) return set;
  if (Result<void> back = SetAndVerify(gpu_, current); !back) return FailNotPutBack(set.error(), back.error());
  // Where this fails, the journal says too much: restoring once more changes nothing.
  if (!previous) std::ignore = Note(place, previous);
  return set;
}

Result<void> BorrowedGpu::SetPowerLimit(Watts limit) {
  if (owner_ != ::getpid()) return FailInChild(info());
  if (!std::isfinite(limit.value()) || limit <= Watts(0)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: {} W is no power limit", GpuLabel(info()), limit.value()));
  }
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckUsable());
  ZEUS_ASSIGN_OR_RETURN(const Watts current, gpu_.settings().ReadPowerLimit());
  return Change(&JournalRecord::power_limit, current, limit);
}

Result<void> BorrowedGpu::SetPersistenceMode(PersistenceMode mode) {
  if (owner_ != ::getpid()) return FailInChild(info());
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckUsable());
  ZEUS_ASSIGN_OR_RETURN(const PersistenceMode current, gpu_.settings().ReadPersistenceMode());
  return Change(&JournalRecord::persistence_mode, current, mode);
}

std::unexpected<Error> BorrowedGpu::PutBackClocks(ClockDomain domain, const std::optional<ClockRange>& previous,
                                                  Error why) {
  const Result<void> back = previous ? gpu_.settings().LockClocks(domain, *previous)
                                     : ResetClockDomain(gpu_, domain, record_.clocks(Other(domain)));
  if (!back) return FailNotPutBack(std::move(why), back.error());
  std::ignore = Note(record_.clocks(domain), previous);
  return std::unexpected(std::move(why));
}

Result<ClockReading> BorrowedGpu::LockClocks(ClockDomain domain, ClockRange range) {
  if (owner_ != ::getpid()) return FailInChild(info());
  const double minimum = range.minimum.value();
  const double maximum = range.maximum.value();
  if (!(std::isfinite(maximum) && minimum >= 0 && minimum <= maximum)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: lock clocks: {} to {} MHz is no range", GpuLabel(info()), minimum, maximum));
  }
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckUsable());
  std::optional<ClockRange>& place = record_.clocks(domain);
  const std::optional<ClockRange> previous = place;
  ZEUS_RETURN_IF_ERROR(Note(place, std::optional(range)));
  if (Result<void> set = gpu_.settings().LockClocks(domain, range); !set) {
    if (IsRefusal(set.error())) {
      std::ignore = Note(place, previous);
      return std::unexpected(std::move(set).error());
    }
    return PutBackClocks(domain, previous, std::move(set).error());
  }
  Result<ClockReading> reading = VerifyLockedClocks(gpu_, domain, range.maximum, clock_wait_);
  if (!reading) return PutBackClocks(domain, previous, std::move(reading).error());
  return reading;
}

Result<void> BorrowedGpu::ResetClocks(ClockDomain domain) {
  if (owner_ != ::getpid()) return FailInChild(info());
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckUsable());
  ZEUS_RETURN_IF_ERROR(ResetClockDomain(gpu_, domain, record_.clocks(Other(domain))));
  std::optional<ClockRange>& place = record_.clocks(domain);
  return place ? Note(place, std::optional<ClockRange>()) : Result<void>();
}

Result<void> BorrowedGpu::Restore() {
  if (owner_ != ::getpid()) return FailInChild(info());
  const std::scoped_lock lock(mutex_);
  if (record_.changes_nothing()) return {};
  Result<void> restored = RestoreSettings(gpu_, record_);
  Result<void> written = journal_.Write(record_);
  return restored ? written : restored;
}

}  // namespace zeus
