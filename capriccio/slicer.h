#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "capriccio/calendar.h"
#include "capriccio/row_reader.h"
#include "capriccio/row_sorter.h"
#include "capriccio/slice_plan.h"
#include "zeus/base/result.h"

namespace zeus::capriccio {

enum class OldSlices { kRefuse, kReplace };

struct SlicingJob {
  std::string source;  ///< Names the text in errors.
  ReadBytes read;
  TextLayout layout;
  OnDamage on_damage = OnDamage::kFail;
  SliceOptions slices;
  std::filesystem::path out;  ///< The folder; made where it is missing.
  OldSlices old_slices = OldSlices::kRefuse;
  size_t sort_memory = RowSorter::kUsualMemory;
};

/// What is told while it goes on. Each may be empty.
struct SlicingWatch {
  std::function<bool()> stopped;               ///< Once it is true, slicing fails with kUnavailable.
  std::function<void(size_t slices)> planned;  ///< Once, after all was read.
  std::function<void()> written;               ///< After each slice.
};

struct Slice {
  Time first;
  Time last;
  Window window;
  uint64_t train_rows;
  uint64_t validation_rows;
};

struct Slicing {
  uint64_t rows = 0;
  Time first = 0;
  Time last = 0;
  uint64_t damaged = 0;  ///< Rows that were passed over.
  std::vector<std::string> damages;
  std::vector<Slice> slices;
};

/// Reads a text, sorts it by date and writes the windows of it to OUT/N_train.json and OUT/N_val.json, N from 1: each
/// shuffled in the order of NumPy's `default_rng(seed).choice(rows, rows, replace=False)`, then split.
///
/// Memory grows with the window (32 bytes a row, and the pages of its lines, which the system may take back), not with
/// the text. While it goes on, what is unfinished lies in OUT/capriccio.tmp; a kill leaves that folder at most, the
/// next run removes it, and each file under its final name is whole. One at a time in a folder: another is
/// kUnavailable.
///
/// kFailedPrecondition for a folder with slices, unless they are replaced; they are removed once all was read.
/// kInvalidArgument where the text holds no whole window; nothing is changed then.
Result<Slicing> SliceText(const SlicingJob& job, const SlicingWatch& watch);

}  // namespace zeus::capriccio
