// What device_queue.cc calls of CUDA's driver and of HIP, for its test: two devices, of which the second is in use.
// Built as a library of its own, which the test loads when it wants this process to use CUDA and HIP.

extern "C" {

int fake_result = 0;     // What synchronizing answers.
int fake_waits[2] = {};  // How often each device's context was synchronized.
int fake_retained = 0;   // Primary contexts retained and not released.
int fake_hip_waits[2] = {};
int fake_hip_device = 0;

static void* current = nullptr;
static void* const kContext = &fake_waits[1];

int cuDeviceGetCount(int* count) {
  *count = 2;
  return 0;
}
int cuDevicePrimaryCtxGetState(int device, unsigned* flags, int* active) {
  *flags = 0;
  *active = device == 1 ? 1 : 0;
  return 0;
}
int cuDevicePrimaryCtxRetain(void** context, int device) {
  *context = &fake_waits[device];
  ++fake_retained;
  return 0;
}
int cuDevicePrimaryCtxRelease_v2(int /*device*/) {
  --fake_retained;
  return 0;
}
int cuCtxGetCurrent(void** context) {
  *context = current;
  return 0;
}
int cuCtxPushCurrent_v2(void* context) {
  current = context;
  return 0;
}
int cuCtxPopCurrent_v2(void** context) {
  *context = current;
  current = nullptr;
  return 0;
}
int cuCtxSynchronize() {
  if (current == nullptr) return 201;
  ++fake_waits[current == kContext ? 1 : 0];
  return fake_result;
}

int hipGetDeviceCount(int* count) {
  *count = 2;
  return 0;
}
int hipDevicePrimaryCtxGetState(int device, unsigned* flags, int* active) {
  return cuDevicePrimaryCtxGetState(device, flags, active);
}
int hipGetDevice(int* device) {
  *device = fake_hip_device;
  return 0;
}
int hipSetDevice(int device) {
  fake_hip_device = device;
  return 0;
}
int hipDeviceSynchronize() {
  ++fake_hip_waits[fake_hip_device];
  return fake_result;
}
}
