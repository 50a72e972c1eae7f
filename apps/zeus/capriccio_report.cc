#include "apps/zeus/capriccio_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/zeus/table.h"

namespace zeus {
namespace {

using capriccio::DayOf;
using capriccio::DayText;
using capriccio::Slice;
using capriccio::Slicing;

double Share(uint64_t part, uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string SlicingText(const Slicing& slicing, const Console& console) {
  Table table({{"slice", Align::kRight},
               {"first day", Align::kLeft},
               {"last day", Align::kLeft},
               {"rows", Align::kRight},
               {"train", Align::kRight},
               {"val", Align::kRight},
               {"shared with the one before", Align::kRight}});
  for (const Slice& slice : slicing.slices) {
    const bool is_first = table.rows() == 0;
    const std::string overlap = is_first ? "-"
                                         : fmt::format("{} ({:.1f}%)", slice.window.overlap,
                                                       100 * Share(slice.window.overlap, slice.window.rows));
    table.AddRow({std::to_string(table.rows() + 1), DayText(DayOf(slice.first)), DayText(DayOf(slice.last)),
                  std::to_string(slice.window.rows), std::to_string(slice.train_rows),
                  std::to_string(slice.validation_rows), overlap});
  }
  return fmt::format("{}\n{} slices of {} rows from {} to {}\n", table.ToText(console), slicing.slices.size(),
                     slicing.rows, DayText(DayOf(slicing.first)), DayText(DayOf(slicing.last)));
}

std::string SlicingJson(const Slicing& slicing, const capriccio::SlicingJob& job) {
  using Json = nlohmann::ordered_json;
  Json slices = Json::array();
  for (const Slice& slice : slicing.slices) {
    const size_t number = slices.size() + 1;
    slices.push_back({{"slice", number},
                      {"train_file", (job.out / fmt::format("{}_train.json", number)).string()},
                      {"val_file", (job.out / fmt::format("{}_val.json", number)).string()},
                      {"first", capriccio::TimeText(slice.first)},
                      {"last", capriccio::TimeText(slice.last)},
                      {"rows", slice.window.rows},
                      {"train_rows", slice.train_rows},
                      {"val_rows", slice.validation_rows},
                      {"overlap_rows", slice.window.overlap},
                      {"overlap", Share(slice.window.overlap, slice.window.rows)}});
  }
  const Json report = {{"source", job.source},
                       {"rows", slicing.rows},
                       {"damaged_rows", slicing.damaged},
                       {"first", capriccio::TimeText(slicing.first)},
                       {"last", capriccio::TimeText(slicing.last)},
                       {"window", job.slices.window},
                       {"stride_days", job.slices.stride},
                       {"start", DayText(job.slices.start)},
                       {"train_share", job.slices.train_share},
                       {"seed", job.slices.seed},
                       {"slices", slices}};
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace zeus
