#include "zeus/trace/trace_check.h"

#include "zeus/trace/loaded_traces.h"
#include "zeus/trace/trace_notes.h"

namespace zeus {

TraceCheck CheckTraces(std::span<const std::filesystem::path> paths) {
  LoadedTraces loaded = LoadTraces(paths);
  TraceCheck check = {.problems = std::move(loaded.problems), .notes = {}, .files = loaded.files};
  for (const TraceSet& set : loaded.sets) {
    Problems notes = FindNotes(set);
    check.notes.insert(check.notes.end(), notes.begin(), notes.end());
  }
  return check;
}

}  // namespace zeus
