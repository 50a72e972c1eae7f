#pragma once

#include <functional>

namespace zeus::http {

/// Whether this is the thread that runs a server's handlers, in a handler of its own.
bool MayStepAside();

/// Does `work` here, while the server's other requests go on once it takes longer than a few milliseconds: for what is
/// over in no time, unless something hangs. Precondition: MayStepAside().
void StepAside(const std::function<void()>& work);

}  // namespace zeus::http
