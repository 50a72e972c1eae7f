#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "zeus/base/result.h"

namespace zeus {

/// Waits for one result of each of several devices, then hands all of them on, on the thread of the last. Shared by the
/// tasks that bring them: where one is dropped, nothing is handed on, and what waits for it goes with it. Thread-safe.
template <class Value>
class Gather {
  struct Key {};  // Of() alone makes one.

 public:
  using Results = std::map<uint64_t, Result<Value>>;
  using Done = std::move_only_function<void(Results)>;

  /// Precondition: `count` is not 0.
  static std::shared_ptr<Gather> Of(size_t count, Done done) {
    return std::make_shared<Gather>(Key(), count, std::move(done));
  }

  Gather(Key, size_t count, Done done) : count_(count), done_(std::move(done)) {}

  void Put(uint64_t id, Result<Value> result) {
    {
      const std::scoped_lock lock(mutex_);
      results_.emplace(id, std::move(result));
      if (results_.size() < count_) return;
    }
    done_(std::move(results_));
  }

 private:
  const size_t count_;
  Done done_;
  std::mutex mutex_;
  Results results_;  // Guarded by mutex_, until it is full.
};

}  // namespace zeus
