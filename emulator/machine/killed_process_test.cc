#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <new>

#include "emulator/machine/loads.h"
#include "emulator/machine/timeline.h"
#include "tests/support/forked_process.h"
#include "tests/support/result_matchers.h"
#include "tests/support/shared_test_gpu.h"

namespace zeus::emulator {
namespace {

using testing::ForkedProcess;
using testing::IsOk;
using testing::SharedTestGpu;

constexpr Activity kActivity{.compute = 0.5, .memory = 0.5};
constexpr uint64_t kMemory = 1 << 20;

/// A GPU in memory that forked children share.
class KilledProcessTest : public ::testing::Test {
 protected:
  KilledProcessTest()
      : memory_(::mmap(nullptr, sizeof(SharedGpu), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        gpu_(*new(memory_) SharedGpu) {
    InitialiseGpu(gpu_, model_, SharedTestGpu::kMade);
  }
  ~KilledProcessTest() override { ::munmap(memory_, sizeof(SharedGpu)); }

  [[nodiscard]] bool BeginLoad() const {
    Load load = SharedTestGpu::Steady(kActivity);
    load.memory_bytes = kMemory;
    return AddLoad(gpu_, model_, load, SharedTestGpu::After(1)).has_value();
  }
  [[nodiscard]] size_t LoadsAfter(double seconds) const {
    return ListLoads(gpu_, model_, SharedTestGpu::After(seconds)).size();
  }
  [[nodiscard]] double WattsAfter(double seconds) const {
    return At(gpu_, model_, SharedTestGpu::After(seconds)).watts;
  }

  const GpuModel model_ = FindPreset("v100").value();

 private:
  void* const memory_;

 protected:
  SharedGpu& gpu_;
};

TEST_F(KilledProcessTest, ItsLoadEndsWhenSomebodyListsLoads) {
  ForkedProcess process([this] { return BeginLoad(); });
  ASSERT_TRUE(process.Succeeded());
  const double drawn = Operate(model_, kActivity, model_.default_limit, model_.Clocks()).power.value();
  ASSERT_EQ(ListLoads(gpu_, model_, SharedTestGpu::After(2)).at(0).pid, process.pid());
  process.Kill();
  EXPECT_EQ(LoadsAfter(3), 0U);
  EXPECT_DOUBLE_EQ(WattsAfter(2.9), drawn);
  EXPECT_DOUBLE_EQ(WattsAfter(3), model_.power.asleep.value());
  EXPECT_EQ(gpu_.memory_used.load(), 0U);
}

TEST_F(KilledProcessTest, ItsLoadEndsWhenSomebodyReads) {
  ForkedProcess process([this] { return BeginLoad(); });
  ASSERT_TRUE(process.Succeeded());
  CheckOwners(gpu_, model_, SharedTestGpu::After(2));
  EXPECT_EQ(gpu_.memory_used.load(), kMemory);
  process.Kill();
  // Who reads looks for the dead five times a second at most.
  CheckOwners(gpu_, model_, SharedTestGpu::After(2.1));
  EXPECT_EQ(gpu_.memory_used.load(), kMemory);
  CheckOwners(gpu_, model_, SharedTestGpu::After(2.2));
  EXPECT_EQ(gpu_.memory_used.load(), 0U);
  EXPECT_DOUBLE_EQ(WattsAfter(2.2), model_.power.asleep.value());
}

TEST_F(KilledProcessTest, ItsMemoryIsFreeForTheNext) {
  ForkedProcess process([this] {
    return AddLoad(gpu_, model_, SharedTestGpu::Context(model_.memory_bytes), SharedTestGpu::After(1)).has_value();
  });
  ASSERT_TRUE(process.Succeeded());
  EXPECT_FALSE(BeginLoad());
  process.Kill();
  EXPECT_TRUE(BeginLoad());
  EXPECT_EQ(gpu_.memory_used.load(), kMemory);
}

// Containers often have nobody who asks how orphans ended.
TEST_F(KilledProcessTest, AZombieHasNoLoads) {
  const ForkedProcess process([this] { return BeginLoad(); });
  ASSERT_TRUE(process.Succeeded());
  process.KillAndLeaveUnasked();
  EXPECT_EQ(LoadsAfter(2), 0U);
}

TEST_F(KilledProcessTest, LoadsOfTheLivingGoOn) {
  ForkedProcess one([this] { return BeginLoad(); });
  const ForkedProcess other([this] { return BeginLoad(); });
  ASSERT_TRUE(one.Succeeded() && other.Succeeded() && BeginLoad());
  one.Kill();
  EXPECT_EQ(LoadsAfter(2), 2U);
  EXPECT_EQ(gpu_.memory_used.load(), 2 * kMemory);
}

TEST_F(KilledProcessTest, ALaterProcessWithTheSamePidIsAnother) {
  Load load = SharedTestGpu::Context();
  load.process_start -= 1;
  ASSERT_THAT(AddLoad(gpu_, model_, load, SharedTestGpu::After(1)), IsOk());
  EXPECT_EQ(LoadsAfter(2), 0U);
}

TEST_F(KilledProcessTest, WhoKnowsItselfIsAlive) {
  const ProcessIdentity self = ProcessIdentity::Current();
  EXPECT_TRUE(self.IsAlive());
  EXPECT_GT(self.start, 0U);
  EXPECT_TRUE((ProcessIdentity{self.pid, 0}).IsAlive());
  EXPECT_FALSE((ProcessIdentity{self.pid, self.start + 1}).IsAlive());
}

TEST_F(KilledProcessTest, TheMutexItHeldBlocksNobody) {
  ForkedProcess process([this] { return BeginLoad() && ::pthread_mutex_lock(&gpu_.mutex) == 0; });
  ASSERT_TRUE(process.Succeeded());
  // Readers never wait, whoever holds it.
  CheckOwners(gpu_, model_, SharedTestGpu::After(1));
  EXPECT_GT(WattsAfter(1), model_.power.asleep.value());
  process.Kill();
  Apply(gpu_, model_, {Setting::Kind::kPowerLimit, 150'000}, SharedTestGpu::After(2));
  EXPECT_EQ(gpu_.limit_mw.load(), 150'000U);
  EXPECT_EQ(LoadsAfter(3), 0U);
  // From then on it is a mutex like any other.
  EXPECT_TRUE(BeginLoad());
  EXPECT_EQ(LoadsAfter(4), 1U);
}

TEST_F(KilledProcessTest, TheMutexItHeldIsTakenByAReaderToo) {
  ForkedProcess process([this] { return BeginLoad() && ::pthread_mutex_lock(&gpu_.mutex) == 0; });
  ASSERT_TRUE(process.Succeeded());
  process.Kill();
  CheckOwners(gpu_, model_, SharedTestGpu::After(2));
  EXPECT_EQ(gpu_.memory_used.load(), 0U);
}

}  // namespace
}  // namespace zeus::emulator
