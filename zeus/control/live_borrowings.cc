#include "zeus/control/live_borrowings.h"

#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "zeus/control/borrowed_gpu.h"

namespace zeus {

LiveBorrowings& LiveBorrowings::OfThisProcess() {
  // Never destroyed: what is borrowed by static objects leaves it after every destructor of ours has run.
  static LiveBorrowings& all = *new LiveBorrowings();
  return all;
}

LiveBorrowings::LiveBorrowings() {
  std::atexit([] { OfThisProcess().RestoreAll(); });
  ::pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);
}

Result<std::unique_ptr<BorrowedGpu>> LiveBorrowings::Add(const std::string& label, const Borrow& borrow) {
  const std::scoped_lock lock(mutex_);
  if (ending_) {
    return Fail(ErrorCode::kFailedPrecondition, label + ": its settings cannot be borrowed: the process is ending");
  }
  ZEUS_ASSIGN_OR_RETURN(std::unique_ptr<BorrowedGpu> borrowed, borrow(all_));
  all_.push_back(borrowed.get());
  return borrowed;
}

void LiveBorrowings::Remove(BorrowedGpu* borrowed) {
  const std::scoped_lock lock(mutex_);
  std::erase(all_, borrowed);
}

std::vector<Error> LiveBorrowings::RestoreAll() {
  const std::scoped_lock lock(mutex_);
  ending_ = true;
  std::vector<Error> errors;
  for (BorrowedGpu* const borrowed : all_) {
    if (Result<void> restored = borrowed->held_->RestoreForAll(borrowed->gpu_); !restored)
      errors.push_back(std::move(restored).error());
  }
  return errors;
}

bool LiveBorrowings::Holds(const std::string& uuid) {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(all_, [&](const BorrowedGpu* borrowed) { return borrowed->info().uuid == uuid; });
}

void LiveBorrowings::BeforeFork() {
  OfThisProcess().mutex_.lock();
}

void LiveBorrowings::AfterForkInParent() {
  OfThisProcess().mutex_.unlock();
}

void LiveBorrowings::AfterForkInChild() {
  LiveBorrowings& all = OfThisProcess();
  // Otherwise the child would hold the GPUs after its parent was killed.
  for (BorrowedGpu* const borrowed : all.all_) borrowed->held_->DropLock();
  all.all_.clear();
  all.ending_ = false;
  all.mutex_.unlock();
}

}  // namespace zeus
