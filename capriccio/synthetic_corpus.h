#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "capriccio/calendar.h"
#include "zeus/base/result.h"

namespace zeus::capriccio {

/// Short made-up texts of two moods over some weeks, in the layout of the published CSV. Nothing in them was written by
/// anybody: words are drawn, and a share of them tells the mood.
struct SyntheticCorpus {
  uint64_t rows = 1'600'000;
  Day first_day = 14340;  ///< 2009-04-06, the published data's first.
  int64_t days = 81;
  /// The last day has this many times as many rows as the first. With 3, the published window gives 38 slices.
  double growth = 3;
  uint64_t seed = 1;

  struct Mood {
    double signal = 0.3;  ///< Share of the words that tell the mood.
    double noise = 0.1;   ///< Share of the texts that are worded like the other mood.
  };
  Mood mood;

  /// What holds from the drift day on.
  struct Drift {
    Day day;
    Mood mood;
    double new_words = 0.5;  ///< Share of the telling words that were never used before.
  };
  std::optional<Drift> drift;
};

/// Called with consecutive pieces of the text; an error ends the work and is returned.
using WriteText = std::function<Result<void>(std::string_view)>;

/// Writes the corpus in the published order: all rows of polarity 0 by date, then all of polarity 4 by date. Latin-1;
/// the same bytes for the same parameters everywhere. Memory does not grow with the rows. kInvalidArgument for
/// parameters that cannot be, named as above; the rows are at least 2 and at least one a day.
Result<void> GenerateCorpus(const SyntheticCorpus& corpus, const WriteText& write);

}  // namespace zeus::capriccio
