/*
 * Putting load on an emulated GPU. These functions are exported by the emulator's libnvidia-ml.so.1 beside NVML's own;
 * look them up with dlsym, as with all of that library. Plain C.
 *
 * Each returns an nvmlReturn_t: 0 for success, 2 for a GPU that does not exist or an impossible value, 20 when the GPU
 * has not enough memory left. What a process has begun ends with it, also when it is killed. Thread-safe.
 */
#ifndef ZEUS_EMULATOR_H
#define ZEUS_EMULATOR_H

#ifdef __cplusplus
extern "C" {
#endif

/** Something that this process runs on a GPU. */
typedef struct ZeusEmulatorLoad* zeusEmulatorLoad_t;

/** Keeps a GPU busy until zeusEmulatorEndLoad. Both activities are from 0 (idle, but held open) to 1. */
int zeusEmulatorBeginLoad(unsigned int gpu, double compute_activity, double memory_activity,
                          unsigned long long memory_bytes, zeusEmulatorLoad_t* load);
int zeusEmulatorChangeLoad(zeusEmulatorLoad_t load, double compute_activity, double memory_activity);
/** Ends either kind of load. */
int zeusEmulatorEndLoad(zeusEmulatorLoad_t load);

/** An amount of work by what it waits for, in seconds at the GPU's highest clock. */
typedef struct {
  double compute_seconds; /**< Take longer at lower clocks. */
  double memory_seconds;
  double host_seconds;     /**< The GPU waits for the host. */
  double compute_activity; /**< While it computes, 0 to 1. */
  double memory_activity;  /**< While it waits for memory, 0 to 1. */
} zeusEmulatorWork_t;

/** Does the work and returns when the emulated GPU has done it, at whatever clocks it ran meanwhile. */
int zeusEmulatorRunWork(unsigned int gpu, const zeusEmulatorWork_t* work, unsigned long long memory_bytes);

/**
 * The same for who computes meanwhile, or does not know beforehand how much there is to do: the first begins some work,
 * the second returns when this share of it is done, 0 to 1, and zeusEmulatorEndLoad gives up the rest.
 */
int zeusEmulatorBeginWork(unsigned int gpu, const zeusEmulatorWork_t* work, unsigned long long memory_bytes,
                          zeusEmulatorLoad_t* load);
int zeusEmulatorAwaitWork(zeusEmulatorLoad_t load, double share);

#ifdef __cplusplus
}
#endif

#endif
