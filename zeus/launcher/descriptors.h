#pragma once

#include <span>

/// File descriptors of a process that was made by fork and may not allocate.
namespace zeus::internal {

/// Whether poll finds one of these events now.
bool IsReady(int fd, short events);

/// A descriptor that is none of the three standard ones, which may be closed here.
int AboveStandard(int fd);

/// Both ends closed on exec and above the standard ones; false and errno where that cannot be.
bool MakePipe(int& reading, int& writing);

/// Closes every descriptor but the standard ones and those kept; `kept` may hold -1 and is sorted in place.
void CloseOthers(std::span<int> kept);

}  // namespace zeus::internal
