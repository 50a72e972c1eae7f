#include "zeus/control/held_gpu.h"

#include <fmt/format.h>

#include <array>
#include <tuple>
#include <utility>

#include "zeus/control/live_borrowings.h"

namespace zeus {
namespace {

// The device itself refused: nothing has changed.
bool IsRefusal(const Error& error) {
  return error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kPermissionDenied ||
         error.code == ErrorCode::kFailedPrecondition;
}

std::unexpected<Error> FailNotPutBack(Error error, const Error& why) {
  error.message += fmt::format("; what was there cannot be put back: {}; the journal keeps it", why.message);
  return std::unexpected(std::move(error));
}

// Asked with the lock held: what is set after the last restore would stay.
Result<void> CheckNotEnding(const Gpu& gpu) {
  if (!LiveBorrowings::OfThisProcess().ending()) return {};
  return Fail(ErrorCode::kFailedPrecondition,
              fmt::format("{}: its settings cannot be changed: the process is ending", GpuLabel(gpu.info())));
}

}  // namespace

HeldGpu::HeldGpu(GpuJournal journal, JournalRecord nothing)
    : journal_(std::move(journal)), record_(std::move(nothing)) {}

template <class Setting>
Result<void> HeldGpu::Note(Setting& setting, Setting value) {
  std::swap(setting, value);
  Result<void> written = journal_.Write(record_);
  if (!written) setting = std::move(value);
  return written;
}

template <class Value>
Result<void> HeldGpu::Change(Gpu& gpu, std::optional<BorrowedValue<Value>> JournalRecord::* setting, Value current,
                             Value wanted) {
  auto& place = record_.*setting;
  const std::optional<BorrowedValue<Value>> previous = place;
  // What was there before is on disk once; the next values need no write, so that a profiler can change a limit often.
  if (!previous) ZEUS_RETURN_IF_ERROR(Note(place, std::optional(BorrowedValue<Value>{current, wanted})));
  Result<void> set = SetAndVerify(gpu, wanted);
  if (set) return set;
  if (Result<void> back = SetAndVerify(gpu, current); !back) return FailNotPutBack(set.error(), back.error());
  // Where this fails, the journal says too much: restoring once more changes nothing.
  if (!previous) std::ignore = Note(place, previous);
  return set;
}

Result<void> HeldGpu::SetPowerLimit(const BorrowedGpu& who, Gpu& gpu, Watts limit) {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckNotEnding(gpu));
  ZEUS_ASSIGN_OR_RETURN(const Watts current, gpu.settings().ReadPowerLimit());
  if (!record_.power_limit && current == limit) return {};
  ZEUS_RETURN_IF_ERROR(Change(gpu, &JournalRecord::power_limit, current, limit));
  power_limits_.Put(who, limit);
  return {};
}

Result<void> HeldGpu::SetPersistenceMode(const BorrowedGpu& who, Gpu& gpu, PersistenceMode mode) {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckNotEnding(gpu));
  ZEUS_ASSIGN_OR_RETURN(const PersistenceMode current, gpu.settings().ReadPersistenceMode());
  if (!record_.persistence_mode && current == mode) return {};
  ZEUS_RETURN_IF_ERROR(Change(gpu, &JournalRecord::persistence_mode, current, mode));
  persistence_modes_.Put(who, mode);
  return {};
}

std::unexpected<Error> HeldGpu::PutBackClocks(Gpu& gpu, ClockDomain domain, const std::optional<ClockRange>& previous,
                                              Error why) {
  const Result<void> back = previous ? gpu.settings().LockClocks(domain, *previous)
                                     : ResetClockDomain(gpu, domain, record_.clocks(Other(domain)));
  if (!back) return FailNotPutBack(std::move(why), back.error());
  std::ignore = Note(record_.clocks(domain), previous);
  return std::unexpected(std::move(why));
}

Result<ClockReading> HeldGpu::LockClocks(const BorrowedGpu& who, Gpu& gpu, ClockDomain domain, ClockRange range,
                                         const ClockWait& wait) {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckNotEnding(gpu));
  std::optional<ClockRange>& place = record_.clocks(domain);
  const std::optional<ClockRange> previous = place;
  ZEUS_RETURN_IF_ERROR(Note(place, std::optional(range)));
  if (Result<void> set = gpu.settings().LockClocks(domain, range); !set) {
    if (IsRefusal(set.error())) {
      std::ignore = Note(place, previous);
      return std::unexpected(std::move(set).error());
    }
    return PutBackClocks(gpu, domain, previous, std::move(set).error());
  }
  Result<ClockReading> reading = VerifyLockedClocks(gpu, domain, range.maximum, wait);
  if (!reading) return PutBackClocks(gpu, domain, previous, std::move(reading).error());
  clocks(domain).Put(who, range);
  return reading;
}

Result<void> HeldGpu::ResetClocks(Gpu& gpu, ClockDomain domain) {
  const std::scoped_lock lock(mutex_);
  ZEUS_RETURN_IF_ERROR(CheckNotEnding(gpu));
  ZEUS_RETURN_IF_ERROR(ResetClockDomain(gpu, domain, record_.clocks(Other(domain))));
  clocks(domain).Clear();
  std::optional<ClockRange>& place = record_.clocks(domain);
  return place ? Note(place, std::optional<ClockRange>()) : Result<void>();
}

bool HeldGpu::PowerLimitIsOf(const BorrowedGpu& who) {
  const std::scoped_lock lock(mutex_);
  return power_limits_.IsOf(who);
}

template <class Value>
Result<void> HeldGpu::TakeBack(const BorrowedGpu& who, Gpu& gpu, Wishes<Value>& wishes,
                               std::optional<BorrowedValue<Value>>& place) {
  const bool counted = wishes.IsOf(who);
  wishes.Drop(who);
  const std::optional<Value> next = wishes.value();
  if (!place || (next && !counted)) return {};
  ZEUS_RETURN_IF_ERROR(SetAndVerify(gpu, next.value_or(place->before)));
  if (!next) place.reset();
  return {};
}

Result<void> HeldGpu::TakeBackClocks(const BorrowedGpu& who, Gpu& gpu, ClockDomain domain) {
  Wishes<ClockRange>& wishes = clocks(domain);
  const bool counted = wishes.IsOf(who);
  wishes.Drop(who);
  const std::optional<ClockRange> next = wishes.value();
  std::optional<ClockRange>& place = record_.clocks(domain);
  if (!place || (next && !counted)) return {};
  ZEUS_RETURN_IF_ERROR(next ? gpu.settings().LockClocks(domain, *next)
                            : ResetClockDomain(gpu, domain, record_.clocks(Other(domain))));
  place = next;
  return {};
}

Result<void> HeldGpu::RestorePowerLimit(const BorrowedGpu& who, Gpu& gpu) {
  const std::scoped_lock lock(mutex_);
  const JournalRecord noted = record_;
  ZEUS_RETURN_IF_ERROR(TakeBack(who, gpu, power_limits_, record_.power_limit));
  return record_ == noted ? Result<void>() : journal_.Write(record_);
}

Result<void> HeldGpu::Restore(const BorrowedGpu& who, Gpu& gpu) {
  const std::scoped_lock lock(mutex_);
  const JournalRecord noted = record_;
  std::array<Result<void>, 4> taken = {
      TakeBack(who, gpu, power_limits_, record_.power_limit),
      TakeBackClocks(who, gpu, ClockDomain::kGraphics),
      TakeBackClocks(who, gpu, ClockDomain::kMemory),
      // Last: without persistence mode a driver may drop the other settings of a GPU that nobody uses.
      TakeBack(who, gpu, persistence_modes_, record_.persistence_mode),
  };
  Result<void> written = record_ == noted ? Result<void>() : journal_.Write(record_);
  for (Result<void>& one : taken) {
    if (!one) return std::move(one);
  }
  return written;
}

Result<void> HeldGpu::RestoreForAll(Gpu& gpu) {
  const std::scoped_lock lock(mutex_);
  power_limits_.Clear();
  persistence_modes_.Clear();
  graphics_clocks_.Clear();
  memory_clocks_.Clear();
  if (record_.changes_nothing()) return {};
  Result<void> restored = RestoreSettings(gpu, record_);
  Result<void> written = journal_.Write(record_);
  return restored ? written : restored;
}

}  // namespace zeus
