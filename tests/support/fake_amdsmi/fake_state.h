#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "tests/support/fake_amdsmi/fake_amdsmi_state.h"

namespace zeus::testing {

using Status = uint32_t;
using Handle = void*;
// Not every variant of the library uses every one.
[[maybe_unused]] constexpr Status kOk = 0, kInval = 1, kNotSupported = 2, kNoPerm = 10, kIo = 12, kOutOfResources = 15,
                                  kNotInit = 32;
constexpr uint32_t kAbsent = 0xFFFF;

/// The library's side of FakeAmdSmiState. Thread-safe, but for the GPUs: a test changes those when nobody calls.
class FakeState final : public FakeAmdSmiState {
 public:
  FakeState() { Reset(); }

  std::vector<FakeAmdGpu*> gpus() override;
  void Reset() override;
  void Fail(const char* function, uint32_t first, uint32_t last, uint32_t status) override;
  void DenySettings(bool deny) override { deny_ = deny; }
  void HideGpus() override { hidden_ = true; }
  uint32_t calls(const char* function) override;
  std::vector<const char*> settings() override;
  int initialised() override { return initialised_; }
  bool calls_overlapped() override { return overlapped_; }

  Status Init(int change);
  /// What a call must answer before it does anything.
  Status Enter(const char* function);
  /// The same for one that changes a setting; `call` is what settings() shows.
  Status EnterSetting(const char* function, std::string call);
  /// Null for a handle that is none.
  FakeAmdGpu* Find(Handle handle);
  std::deque<FakeAmdGpu>& all() { return gpus_; }
  [[nodiscard]] size_t socket_count() const { return hidden_ ? 0 : gpus_.size(); }

  /// Notices when two threads are inside at once.
  class Inside {
   public:
    explicit Inside(FakeState& state) : state_(state) {
      if (state_.inside_.fetch_add(1) > 0) state_.overlapped_ = true;
      std::this_thread::yield();
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside() { --state_.inside_; }

   private:
    FakeState& state_;
  };

 private:
  struct Failure {
    uint32_t first, last;
    Status status;
  };

  void SetGpu(size_t slot, uint64_t bus, uint32_t hip_id, uint32_t node_id);

  std::atomic<int> initialised_ = 0;
  std::atomic<bool> deny_ = false;
  std::atomic<bool> hidden_ = false;
  std::atomic<bool> overlapped_ = false;
  std::atomic<int> inside_ = 0;
  std::mutex mutex_;  // Guards what follows, but for the GPUs.
  std::map<std::string, Failure> failures_;
  std::map<std::string, uint32_t> calls_;
  std::deque<std::string> settings_;
  std::deque<FakeAmdGpu> gpus_;
};

}  // namespace zeus::testing
