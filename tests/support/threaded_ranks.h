#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "zeus/training/process_group.h"

namespace zeus::testing {

/// Ranks as threads of one process. A rank whose work has returned is gone: whoever waits for it learns so.
class ThreadedRanks {
 public:
  /// Runs `work` as each of `size` ranks at once, and returns when all have returned.
  static void Run(int size, const std::function<void(ProcessGroup&)>& work) {
    ThreadedRanks ranks(size);
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < size; ++rank) {
      threads.emplace_back([&ranks, &work, rank] {
        Rank group(ranks, rank);
        work(group);
        ranks.Leave();
      });
    }
  }

 private:
  class Rank final : public ProcessGroup {
   public:
    Rank(ThreadedRanks& ranks, int rank) : ranks_(ranks), rank_(rank) {}
    [[nodiscard]] int rank() const override { return rank_; }
    [[nodiscard]] int size() const override { return ranks_.size_; }
    Result<void> AllReduce(std::span<double> values, Reduction reduction) override {
      return ranks_.AllReduce(values, reduction);
    }

   private:
    ThreadedRanks& ranks_;
    const int rank_;
  };

  explicit ThreadedRanks(int size) : size_(size) {}

  // The last to come completes a round, and everyone takes its values before the next can complete.
  Result<void> AllReduce(std::span<double> values, Reduction reduction) {
    std::unique_lock lock(mutex_);
    if (arrived_ == 0) {
      gathered_.assign(values.begin(), values.end());
      reduction_ = reduction;
    } else if (gathered_.size() != values.size() || reduction_ != reduction) {
      out_of_step_ = true;
    } else {
      std::ranges::transform(gathered_, values, gathered_.begin(),
                             [&](double a, double b) { return reduction == Reduction::kSum ? a + b : std::max(a, b); });
    }
    const int round = rounds_;
    if (++arrived_ == size_) {
      reduced_ = gathered_;
      arrived_ = 0;
      ++rounds_;
      changed_.notify_all();
    } else {
      changed_.wait(lock, [&] { return rounds_ != round || gone_ > 0; });
    }
    if (rounds_ == round) return Fail(ErrorCode::kUnavailable, "a rank is gone");
    if (out_of_step_) return Fail(ErrorCode::kInvalidArgument, "ranks reduce different things");
    std::ranges::copy(reduced_, values.begin());
    return {};
  }

  void Leave() {
    const std::scoped_lock lock(mutex_);
    ++gone_;
    changed_.notify_all();
  }

  const int size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::vector<double> gathered_;
  std::vector<double> reduced_;
  Reduction reduction_ = Reduction::kSum;
  int arrived_ = 0;
  int rounds_ = 0;
  int gone_ = 0;
  bool out_of_step_ = false;
};

}  // namespace zeus::testing
