#pragma once

#include <mutex>
#include <optional>
#include <utility>

#include "zeus/device/cpu.h"

namespace zeus::testing {

/// A processor that says what it is told to say. Thread-safe.
class FakeCpu final : public Cpu {
 public:
  explicit FakeCpu(CpuInfo info) : Cpu(std::move(info)) {}

  void Say(Result<CpuEnergySample> sample) {
    const std::scoped_lock lock(mutex_);
    sample_ = std::move(sample);
  }
  [[nodiscard]] Result<CpuEnergySample> ReadEnergy() override {
    const std::scoped_lock lock(mutex_);
    return sample_;
  }

 private:
  std::mutex mutex_;
  Result<CpuEnergySample> sample_;
};

}  // namespace zeus::testing
