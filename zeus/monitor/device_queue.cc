#include "zeus/monitor/device_queue.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <memory>
#include <utility>

namespace zeus {
namespace {

/// How many shared objects this process has loaded so far, those that it has unloaded again included.
uint64_t LoadedSoFar() {
  uint64_t loaded = 0;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* result) {
        *static_cast<uint64_t*>(result) = info->dlpi_adds;
        return 1;  // The count is the same in every call.
      },
      &loaded);
  return loaded;
}

template <class Function>
Function* Look(void* library, const char* symbol) {
  return reinterpret_cast<Function*>(::dlsym(library, symbol));
}

Error Failed(const char* runtime, const char* call, int number) {
  return {ErrorCode::kUnavailable, fmt::format("{}: {} failed with error {}", runtime, call, number)};
}

// From cuda.h: CUresult and what else is called here. CUdevice is an int, CUcontext a pointer.
constexpr int kCudaSuccess = 0;
constexpr int kCudaNotInitialized = 3;
constexpr int kCudaDeinitialized = 4;

/// Waits for one device's primary context, the one that the CUDA runtime and every framework over it use.
Result<void> WaitForPrimaryContext(void* cuda, int device) {
  auto* const retain = Look<int(void**, int)>(cuda, "cuDevicePrimaryCtxRetain");
  auto* const release = Look<int(int)>(cuda, "cuDevicePrimaryCtxRelease_v2");
  auto* const push = Look<int(void*)>(cuda, "cuCtxPushCurrent_v2");
  auto* const pop = Look<int(void**)>(cuda, "cuCtxPopCurrent_v2");
  auto* const synchronize = Look<int()>(cuda, "cuCtxSynchronize");
  if (retain == nullptr || release == nullptr || push == nullptr || pop == nullptr || synchronize == nullptr) return {};
  void* context = nullptr;
  if (const int result = retain(&context, device); result != kCudaSuccess) {
    return std::unexpected(Failed("CUDA", "cuDevicePrimaryCtxRetain", result));
  }
  const char* failed = "cuCtxPushCurrent";
  int result = push(context);
  if (result == kCudaSuccess) {
    failed = "cuCtxSynchronize";
    result = synchronize();
    void* popped = nullptr;
    pop(&popped);
  }
  release(device);
  if (result != kCudaSuccess) return std::unexpected(Failed("CUDA", failed, result));
  return {};
}

/// A context of the calling program's own, made with cuCtxCreate, is waited for when it is current.
Result<void> WaitForCurrentContext(void* cuda) {
  auto* const current = Look<int(void**)>(cuda, "cuCtxGetCurrent");
  auto* const synchronize = Look<int()>(cuda, "cuCtxSynchronize");
  void* context = nullptr;
  if (current == nullptr || synchronize == nullptr || current(&context) != kCudaSuccess || context == nullptr)
    return {};
  if (const int result = synchronize(); result != kCudaSuccess) {
    return std::unexpected(Failed("CUDA", "cuCtxSynchronize", result));
  }
  return {};
}

Result<void> WaitForCuda(void* cuda) {
  auto* const device_count = Look<int(int*)>(cuda, "cuDeviceGetCount");
  auto* const state = Look<int(int, unsigned*, int*)>(cuda, "cuDevicePrimaryCtxGetState");
  if (device_count == nullptr || state == nullptr) return WaitForCurrentContext(cuda);
  int count = 0;
  const int result = device_count(&count);
  // Loaded but never used, or the program is about to end: nothing is queued.
  if (result == kCudaNotInitialized || result == kCudaDeinitialized) return {};
  if (result != kCudaSuccess) return std::unexpected(Failed("CUDA", "cuDeviceGetCount", result));
  ZEUS_RETURN_IF_ERROR(WaitForCurrentContext(cuda));
  for (int device = 0; device < count; ++device) {
    unsigned flags = 0;
    int active = 0;
    if (state(device, &flags, &active) == kCudaSuccess && active != 0) {
      ZEUS_RETURN_IF_ERROR(WaitForPrimaryContext(cuda, device));
    }
  }
  return {};
}

// From hip_runtime_api.h: hipError_t.
constexpr int kHipSuccess = 0;
constexpr int kHipNoDevice = 100;

Result<void> WaitForHip(void* hip) {
  auto* const device_count = Look<int(int*)>(hip, "hipGetDeviceCount");
  auto* const state = Look<int(int, unsigned*, int*)>(hip, "hipDevicePrimaryCtxGetState");
  auto* const get_device = Look<int(int*)>(hip, "hipGetDevice");
  auto* const set_device = Look<int(int)>(hip, "hipSetDevice");
  auto* const synchronize = Look<int()>(hip, "hipDeviceSynchronize");
  if (device_count == nullptr || get_device == nullptr || set_device == nullptr || synchronize == nullptr) return {};
  int count = 0;
  int current = 0;
  if (const int result = device_count(&count); result != kHipSuccess) {
    if (result == kHipNoDevice) return {};
    return std::unexpected(Failed("HIP", "hipGetDeviceCount", result));
  }
  if (get_device(&current) != kHipSuccess) return {};
  int result = kHipSuccess;
  for (int device = 0; device < count && result == kHipSuccess; ++device) {
    unsigned flags = 0;
    int active = 0;
    // Without that call in the library, the current device alone.
    const bool used =
        state != nullptr ? state(device, &flags, &active) == kHipSuccess && active != 0 : device == current;
    if (!used) continue;
    result = set_device(device);
    if (result == kHipSuccess) result = synchronize();
  }
  set_device(current);
  if (result != kHipSuccess) return std::unexpected(Failed("HIP", "hipDeviceSynchronize", result));
  return {};
}

}  // namespace

// The first of the libraries that this process has loaded; null when there is none.
void* DeviceQueue::FindLoaded(Runtime& runtime, const std::vector<std::string>& names) {
  if (void* const handle = runtime.handle.load(std::memory_order_acquire)) return handle;
  const uint64_t loaded = LoadedSoFar();  // Before the search: what is loaded meanwhile has it searched again.
  if (runtime.searched_at.load(std::memory_order_relaxed) == loaded) return nullptr;
  for (const std::string& name : names) {
    if (void* const handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE)) {
      runtime.handle.store(handle, std::memory_order_release);
      return handle;
    }
  }
  runtime.searched_at.store(loaded, std::memory_order_relaxed);
  return nullptr;
}

DeviceQueue::DeviceQueue(DeviceQueueLibraries libraries) : libraries_(std::move(libraries)) {}

Result<void> DeviceQueue::Wait() {
  if (void* const cuda = FindLoaded(cuda_, libraries_.cuda)) ZEUS_RETURN_IF_ERROR(WaitForCuda(cuda));
  if (void* const hip = FindLoaded(hip_, libraries_.hip)) ZEUS_RETURN_IF_ERROR(WaitForHip(hip));
  return {};
}

std::string DeviceQueue::runtimes() {
  const bool cuda = FindLoaded(cuda_, libraries_.cuda) != nullptr;
  const bool hip = FindLoaded(hip_, libraries_.hip) != nullptr;
  if (cuda) return hip ? "CUDA and HIP" : "CUDA";
  return hip ? "HIP" : "";
}

std::function<Result<void>()> DeviceQueue::Waiter(DeviceQueueLibraries libraries) {
  // Shared, because std::function copies what it holds.
  auto queue = std::make_shared<DeviceQueue>(std::move(libraries));
  return [queue = std::move(queue)] { return queue->Wait(); };
}

}  // namespace zeus
