#include "capriccio/slicer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "capriccio/output_folder.h"
#include "zeus/base/numpy_generator.h"

namespace zeus::capriccio {
namespace {

constexpr uint64_t kRowsBetweenLooks = 1 << 14;

Result<void> CheckGoingOn(const SlicingWatch& watch) {
  if (watch.stopped && watch.stopped()) return Fail(ErrorCode::kUnavailable, "interrupted");
  return {};
}

Result<SortedRows> ReadAndSort(const SlicingJob& job, const SlicingWatch& watch, const OutputFolder& folder,
                               Slicing* slicing) {
  ZEUS_ASSIGN_OR_RETURN(RowReader reader, RowReader::Open(job.source, job.read, job.layout, job.on_damage));
  RowSorter sorter(folder.temporary(), job.sort_memory, watch.stopped);
  std::string line;
  for (uint64_t row = 0;; ++row) {
    if (row % kRowsBetweenLooks == 0) ZEUS_RETURN_IF_ERROR(CheckGoingOn(watch));
    line.clear();
    ZEUS_ASSIGN_OR_RETURN(const std::optional<Time> time, reader.Next(&line));
    if (!time) break;
    ZEUS_RETURN_IF_ERROR(sorter.Add(*time, line));
  }
  slicing->damaged = reader.damaged();
  slicing->damages = reader.damages();
  return sorter.Finish();
}

Result<std::vector<Window>> Plan(const SlicingJob& job, const SortedRows& sorted, Slicing* slicing) {
  slicing->rows = sorted.rows;
  if (sorted.rows == 0) {
    return Fail(ErrorCode::kInvalidData, slicing->damages.empty()
                                             ? fmt::format("{}: there are no rows", job.source)
                                             : fmt::format("{}: there are no rows but {} damaged ones; the first: {}",
                                                           job.source, slicing->damaged, slicing->damages.front()));
  }
  ZEUS_ASSIGN_OR_RETURN(const std::vector<RowPlace> first, sorted.Places(0, 1));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<RowPlace> last, sorted.Places(sorted.rows - 1, 1));
  slicing->first = first.front().time;
  slicing->last = last.front().time;
  std::vector<Window> windows = PlanWindows(sorted.days, sorted.rows, job.slices);
  if (windows.empty()) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{}: no window of {} rows starts on {} or a multiple of {} days later; there are {} rows from "
                    "{} to {}",
                    job.source, job.slices.window, DayText(job.slices.start), job.slices.stride, sorted.rows,
                    DayText(DayOf(slicing->first)), DayText(DayOf(slicing->last))));
  }
  return windows;
}

// Writes the window's rows of those numbers, in their order.
Result<NewFile> WriteRows(const OutputFolder& folder, const std::string& name, const MappedPart& lines,
                          std::span<const RowPlace> places, std::span<const uint64_t> numbers,
                          const SlicingWatch& watch) {
  ZEUS_ASSIGN_OR_RETURN(NewFile file, folder.Create(name));
  const uint64_t start = places.front().offset;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (i % kRowsBetweenLooks == 0) ZEUS_RETURN_IF_ERROR(CheckGoingOn(watch));
    const RowPlace& place = places[numbers[i]];
    const uint64_t end = places[numbers[i] + 1].offset;
    ZEUS_RETURN_IF_ERROR(file.Append(lines.bytes().substr(place.offset - start, end - place.offset)));
  }
  return file;
}

Result<Slice> WriteSlice(const OutputFolder& folder, const SortedRows& sorted, const Window& window, size_t number,
                         const SlicingJob& job, const SlicingWatch& watch) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<RowPlace> places, sorted.Places(window.first_row, window.rows));
  ZEUS_ASSIGN_OR_RETURN(const MappedPart lines,
                        MappedPart::Map(sorted.lines.get(), places.front().offset, places.back().offset));
  std::vector<uint64_t> order(window.rows);
  NumpyGenerator(job.slices.seed).ChooseWithoutReplacement(window.rows, order);
  const uint64_t train_rows = job.slices.TrainRows();
  const std::span<const uint64_t> all(order);
  ZEUS_ASSIGN_OR_RETURN(NewFile train, WriteRows(folder, fmt::format("{}_train.json", number), lines, places,
                                                 all.first(train_rows), watch));
  ZEUS_ASSIGN_OR_RETURN(NewFile validation, WriteRows(folder, fmt::format("{}_val.json", number), lines, places,
                                                      all.subspan(train_rows), watch));
  ZEUS_RETURN_IF_ERROR(train.Commit());
  ZEUS_RETURN_IF_ERROR(validation.Commit());
  return Slice{.first = places.front().time,
               .last = places[window.rows - 1].time,
               .window = window,
               .train_rows = train_rows,
               .validation_rows = window.rows - train_rows};
}

}  // namespace

Result<Slicing> SliceText(const SlicingJob& job, const SlicingWatch& watch) {
  ZEUS_RETURN_IF_ERROR(CheckSliceOptions(job.slices));
  ZEUS_ASSIGN_OR_RETURN(const OutputFolder folder, OutputFolder::Open(job.out));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<std::filesystem::path> old, folder.Slices());
  if (!old.empty() && job.old_slices == OldSlices::kRefuse) {
    return Fail(ErrorCode::kFailedPrecondition, fmt::format("{}: is there already, and so are {} more slices' files",
                                                            old.front().string(), old.size() - 1));
  }
  Slicing slicing;
  ZEUS_ASSIGN_OR_RETURN(const SortedRows sorted, ReadAndSort(job, watch, folder, &slicing));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<Window> windows, Plan(job, sorted, &slicing));
  ZEUS_RETURN_IF_ERROR(folder.RemoveSlices());
  if (watch.planned) watch.planned(windows.size());
  for (const Window& window : windows) {
    ZEUS_ASSIGN_OR_RETURN(const Slice slice, WriteSlice(folder, sorted, window, slicing.slices.size() + 1, job, watch));
    slicing.slices.push_back(slice);
    if (watch.written) watch.written();
  }
  return slicing;
}

}  // namespace zeus::capriccio
