#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "services/store/store.h"

namespace zeus::store {

/// One thread that owns a store and commits what many requests want together: while it waits for the disk, the next
/// ones gather. A request is told only once its changes are durable.
class GroupCommit {
 public:
  /// Reads and changes the store; an error undoes this request's changes and no other's. Runs once, on this class's
  /// thread.
  using Work = std::function<Result<void>(Store&)>;
  /// The work's outcome, or kUnavailable when it could not be made durable. Called once, on this class's thread.
  using Done = std::move_only_function<void(Result<void>)>;

  explicit GroupCommit(std::unique_ptr<Store> store);
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;
  ~GroupCommit();  ///< Stops.

  /// From any thread. Once stopped, `done` is called at once, with kUnavailable.
  void Submit(Work work, Done done);

  /// Does what was submitted, then ends the thread. Not from its own thread.
  void Stop();

 private:
  struct Request {
    Work work;
    Done done;
  };

  void Run();
  void Commit(std::deque<Request> requests);

  std::unique_ptr<Store> store_;  // Used by the thread alone.

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> waiting_;
  bool stopping_ = false;

  std::mutex joining_;
  std::thread thread_;
};

}  // namespace zeus::store
