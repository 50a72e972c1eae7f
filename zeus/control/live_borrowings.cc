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

Result<void> LiveBorrowings::Add(BorrowedGpu* borrowed) {
  const std::scoped_lock lock(mutex_);
  if (ending_) {
    return Fail(ErrorCode::kFailedPrecondition,
                GpuLabel(borrowed->info()) + ": its settings cannot be borrowed: the process is ending");
  }
  all_.push_back(borrowed);
  return {};
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
    if (Result<void> restored = borrowed->Restore(); !restored) errors.push_back(std::move(restored).error());
  }
  return errors;
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
  for (BorrowedGpu* const borrowed : all.all_) borrowed->journal_.DropLock();
  all.all_.clear();
  all.ending_ = false;
  all.mutex_.unlock();
}

}  // namespace zeus
