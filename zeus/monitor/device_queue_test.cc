#include "zeus/monitor/device_queue.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;

const std::string kFakeName = std::filesystem::path(ZEUS_FAKE_QUEUE_RUNTIMES).filename();

int* Variable(void* library, const char* name) {
  return static_cast<int*>(::dlsym(library, name));
}

// One test for all: a library stays loaded in this process.
TEST(DeviceQueueTest, WaitsForTheRuntimesThatThisProcessHasLoaded) {
  DeviceQueue cuda({.cuda = {"libno_such_cuda.so", kFakeName}, .hip = {}});
  DeviceQueue hip({.cuda = {}, .hip = {kFakeName}});
  const auto waiter = DeviceQueue::Waiter({.cuda = {kFakeName}, .hip = {kFakeName}});
  EXPECT_EQ(cuda.runtimes(), "") << "not loaded yet";
  EXPECT_THAT(cuda.Wait(), IsOk());

  void* const library = ::dlopen(ZEUS_FAKE_QUEUE_RUNTIMES, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << ::dlerror();
  int* const waits = Variable(library, "fake_waits");
  int* const hip_waits = Variable(library, "fake_hip_waits");
  EXPECT_EQ(waits[1], 0);

  EXPECT_EQ(cuda.runtimes(), "CUDA");
  EXPECT_THAT(cuda.Wait(), IsOk());
  EXPECT_EQ(waits[0], 0) << "this process has nothing on that device";
  EXPECT_EQ(waits[1], 1);
  EXPECT_EQ(*Variable(library, "fake_retained"), 0);

  EXPECT_EQ(hip.runtimes(), "HIP");
  EXPECT_THAT(hip.Wait(), IsOk());
  EXPECT_EQ(hip_waits[0], 0);
  EXPECT_EQ(hip_waits[1], 1);
  EXPECT_EQ(*Variable(library, "fake_hip_device"), 0) << "as it was";

  EXPECT_THAT(waiter(), IsOk());
  EXPECT_EQ(waits[1], 2);
  EXPECT_EQ(hip_waits[1], 2);

  *Variable(library, "fake_result") = 700;
  EXPECT_THAT(cuda.Wait(), IsError(ErrorCode::kUnavailable, "CUDA: cuCtxSynchronize failed with error 700"));
  EXPECT_THAT(hip.Wait(), IsError(ErrorCode::kUnavailable, "HIP: hipDeviceSynchronize failed with error 700"));
  EXPECT_EQ(*Variable(library, "fake_retained"), 0);
}

TEST(DeviceQueueTest, IsOffWhereNoRuntimeIsLoaded) {
  DeviceQueue queue;
  if (!queue.runtimes().empty()) GTEST_SKIP() << queue.runtimes() << " is loaded into this test";
  EXPECT_THAT(queue.Wait(), IsOk());
}

}  // namespace
}  // namespace zeus
