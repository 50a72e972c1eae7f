#include "zeus/control/borrowed_gpu.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <tuple>
#include <utility>

#include "zeus/control/leftovers.h"
#include "zeus/control/live_borrowings.h"

namespace zeus {
namespace {

std::unexpected<Error> FailInChild(const GpuInfo& info) {
  return Fail(ErrorCode::kFailedPrecondition,
              GpuLabel(info) + ": its settings are borrowed by the parent process, not by this one");
}

}  // namespace

BorrowedGpu::BorrowedGpu(Gpu& gpu, std::shared_ptr<HeldGpu> held, ClockWait clock_wait, std::vector<std::string> notes)
    : gpu_(gpu), owner_(::getpid()), clock_wait_(clock_wait), notes_(std::move(notes)), held_(std::move(held)) {}

Result<std::unique_ptr<BorrowedGpu>> BorrowedGpu::Borrow(Gpu& gpu, const SettingsJournal& given,
                                                         const ClockWait& clock_wait) {
  const GpuInfo& info = gpu.info();
  const bool is_leased = info.settings_are_leased;
  ZEUS_ASSIGN_OR_RETURN(const SettingsJournal journal, is_leased ? given.OfLeased() : given);
  const std::string label = GpuLabel(info);
  using Borrowed = std::unique_ptr<BorrowedGpu>;
  const auto borrow = [&](std::span<BorrowedGpu* const> all) -> Result<Borrowed> {
    const std::filesystem::path file = GpuJournal::FileOf(journal.folder(), info.uuid);
    const auto same = [&](const BorrowedGpu* other) { return other->held_->file() == file; };
    if (const auto other = std::ranges::find_if(all, same); other != all.end()) {
      return Borrowed(new BorrowedGpu(gpu, (*other)->held_, clock_wait, {}));
    }
    const Borrower me = journal.ThisProcess();
    ZEUS_ASSIGN_OR_RETURN(GpuJournal own, GpuJournal::Lock(journal.folder(), info.uuid, label, me,
                                                           is_leased ? Recording::kNone : Recording::kOnDisk));
    std::vector<std::string> notes;
    if (const std::optional<Leftover> leftover = RestoreLeftover(own, gpu)) {
      std::string message = fmt::format("{}: {}", label, leftover->message);
      if (leftover->state == LeftoverState::kFailed) return Fail(leftover->why, std::move(message));
      notes.push_back(std::move(message));
    }
    JournalRecord nothing{.uuid = info.uuid, .gpu_name = info.name, .borrower = me};
    auto held = std::make_shared<HeldGpu>(std::move(own), std::move(nothing));
    return Borrowed(new BorrowedGpu(gpu, std::move(held), clock_wait, std::move(notes)));
  };
  return LiveBorrowings::OfThisProcess().Add(label, borrow);
}

BorrowedGpu::~BorrowedGpu() {
  if (owner_ != ::getpid()) return;
  std::ignore = Restore();  // What fails stays in the journal, where whoever can do something about it finds it.
  LiveBorrowings::OfThisProcess().Remove(this);
}

Result<void> BorrowedGpu::SetPowerLimit(Watts limit) {
  if (owner_ != ::getpid()) return FailInChild(info());
  if (!std::isfinite(limit.value()) || limit <= Watts(0)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: {} W is no power limit", GpuLabel(info()), limit.value()));
  }
  return held_->SetPowerLimit(*this, gpu_, limit);
}

Result<void> BorrowedGpu::SetPersistenceMode(PersistenceMode mode) {
  if (owner_ != ::getpid()) return FailInChild(info());
  return held_->SetPersistenceMode(*this, gpu_, mode);
}

Result<ClockReading> BorrowedGpu::LockClocks(ClockDomain domain, ClockRange range) {
  if (owner_ != ::getpid()) return FailInChild(info());
  const double minimum = range.minimum.value();
  const double maximum = range.maximum.value();
  if (!(std::isfinite(maximum) && minimum >= 0 && minimum <= maximum)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: lock clocks: {} to {} MHz is no range", GpuLabel(info()), minimum, maximum));
  }
  return held_->LockClocks(*this, gpu_, domain, range, clock_wait_);
}

Result<void> BorrowedGpu::ResetClocks(ClockDomain domain) {
  if (owner_ != ::getpid()) return FailInChild(info());
  return held_->ResetClocks(gpu_, domain);
}

Result<void> BorrowedGpu::Restore() {
  if (owner_ != ::getpid()) return FailInChild(info());
  return held_->Restore(*this, gpu_);
}

Result<void> BorrowedGpu::RestorePowerLimit() {
  if (owner_ != ::getpid()) return FailInChild(info());
  return held_->RestorePowerLimit(*this, gpu_);
}

}  // namespace zeus
