#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "zeus/base/result.h"

namespace zeus {

class BorrowedGpu;

/// Every BorrowedGpu of this process: what must be restored when it ends otherwise than by unwinding. Thread-safe.
/// Made by the first use, it restores when the program ends through exit(), and is never destroyed.
class LiveBorrowings {
 public:
  static LiveBorrowings& OfThisProcess();

  /// Adds what `borrow` makes of those that are there; one at a time. kFailedPrecondition, for the GPU of this label,
  /// once the process is ending.
  using Borrow = std::function<Result<std::unique_ptr<BorrowedGpu>>(std::span<BorrowedGpu* const> all)>;
  Result<std::unique_ptr<BorrowedGpu>> Add(const std::string& label, const Borrow& borrow);
  /// Waits for a RestoreAll that is under way.
  void Remove(BorrowedGpu* borrowed);

  /// Restores every one of them, for good: from now on nothing can be borrowed or set. The errors, one a GPU.
  std::vector<Error> RestoreAll();

  [[nodiscard]] bool ending() const { return ending_; }
  /// Whether one of them is of the GPU with this UUID.
  [[nodiscard]] bool Holds(const std::string& uuid);

 private:
  LiveBorrowings();

  // For fork(2): a child has the parent's memory and descriptors, but nothing of it is the child's to restore.
  static void BeforeFork();
  static void AfterForkInParent();
  static void AfterForkInChild();

  std::atomic<bool> ending_ = false;
  std::mutex mutex_;
  std::vector<BorrowedGpu*> all_;  // Guarded by mutex_.
};

}  // namespace zeus
