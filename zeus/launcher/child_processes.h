#pragma once

#include <sys/types.h>

#include <memory>

namespace zeus::internal {

/// Calls `visit(context, child)` with each child of this process. Allocates nothing.
void VisitChildren(void (*visit)(void* context, pid_t child), void* context);

/// Calls `visit` with each of our children. Those whose parent died are ours, if we are a subreaper.
template <class Visit>
void ForEachChild(Visit visit) {
  VisitChildren([](void* context, pid_t child) { (*static_cast<Visit*>(context))(child); }, std::addressof(visit));
}

}  // namespace zeus::internal
