#include "services/store/group_commit.h"

#include <vector>

namespace zeus::store {

GroupCommit::GroupCommit(std::unique_ptr<Store> store) : store_(std::move(store)), thread_([this] { Run(); }) {}

GroupCommit::~GroupCommit() {
  Stop();
}

void GroupCommit::Submit(Work work, Done done) {
  {
    const std::scoped_lock lock(mutex_);
    if (!stopping_) {
      waiting_.push_back({std::move(work), std::move(done)});
      changed_.notify_one();
      return;
    }
  }
  done(Fail(ErrorCode::kUnavailable, "the server is stopping"));
}

void GroupCommit::Stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  const std::scoped_lock lock(joining_);
  if (thread_.joinable()) thread_.join();
}

void GroupCommit::Run() {
  while (true) {
    std::deque<Request> requests;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      requests.swap(waiting_);
    }
    Commit(std::move(requests));
  }
}

void GroupCommit::Commit(std::deque<Request> requests) {
  std::vector<Result<void>> outcomes;
  const Result<void> committed = store_->Atomically([&]() -> Result<void> {
    for (const Request& request : requests) {
      outcomes.push_back(store_->Atomically([&] { return request.work(*store_); }));
    }
    return {};
  });
  outcomes.resize(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    // Where the commit failed, a refusal stands on what was not kept: it is no answer either.
    if (!committed) outcomes[i] = Fail(ErrorCode::kUnavailable, committed.error().message);
    requests[i].done(std::move(outcomes[i]));
  }
}

}  // namespace zeus::store
