#pragma once

#include <cstddef>
#include <functional>

namespace zeus {

/// The number of threads to use when nobody said: those this process may run on.
unsigned DefaultThreadCount();

/// Calls `work(i)` once for each i below `count`, on `threads` threads (the caller's among them), in no given order,
/// and returns when all have returned. Each index is taken when a thread is free, so that uneven work balances. `work`
/// must be safe to call from several threads at once and must not throw.
void ParallelFor(size_t count, unsigned threads, const std::function<void(size_t)>& work);

}  // namespace zeus
