#include "zeus/trace/trace_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace zeus {
namespace {

using BatchSizes = std::set<int64_t>;
using Limits = std::set<Watts>;

// "batch size 8" or "batch sizes 8, 16".
std::string Text(const BatchSizes& sizes) {
  return fmt::format("batch size{} {}", sizes.size() == 1 ? "" : "s", fmt::join(sizes, ", "));
}

std::string Text(const Limits& limits) {
  std::vector<double> watts;
  for (const Watts limit : limits) watts.push_back(limit.value());
  return fmt::format("{} W", fmt::join(watts, ", "));
}

std::string Rows(size_t count) {
  return count == 1 ? "1 row" : fmt::format("{} rows", count);
}

// Without the workloads of files with problems, which are left out of all comparisons.
template <class Files>
bool AllClean(const Files& files) {
  return std::ranges::all_of(files, [](const auto& file) { return file.clean; });
}

// What all train traces of a set hold together.
struct Trained {
  std::map<Workload, BatchSizes> batch_sizes;
  std::map<Workload, std::set<double>> targets;
  std::map<Workload, std::map<double, BatchSizes>> reached;  // By target, where any run reaches it.
  std::set<std::string> datasets;
};

Trained Collect(const std::vector<LoadedFile<TrainTrace>>& files) {
  Trained trained;
  for (const LoadedFile<TrainTrace>& file : files) {
    // Adjacent rows are of one workload nearly always; looking it up once for each run of rows is enough.
    for (const TrainRow& row : file.content.rows) {
      const Workload& workload = file.content.workloads[row.workload];
      trained.batch_sizes[workload].insert(row.batch_size);
      trained.targets[workload].insert(row.target_metric);
      if (row.target_epoch) trained.reached[workload][row.target_metric].insert(row.batch_size);
    }
    for (const Workload& workload : file.content.workloads.all()) trained.datasets.insert(workload.dataset);
  }
  return trained;
}

class Notes {
 public:
  explicit Notes(const TraceSet& set) : set_(set), trained_(Collect(set.train)) {}

  Problems Find() {
    for (const auto& file : set_.train) {
      if (file.clean) NoteUnreachedTargets(file);
    }
    const bool trained_known = !set_.train.empty() && AllClean(set_.train);
    for (const auto& file : set_.power) {
      if (!file.clean) continue;
      NoteMissingLimits(file);
      if (!trained_known) continue;
      NoteUnjoinedPower(file);
      NoteUnpoweredTraining(file);
    }
    if (!trained_known) return std::move(notes_);
    for (const auto& file : set_.groups) NoteUnknownDatasets(file);
    for (const auto& file : set_.workload_lists) {
      if (file.clean) NoteUnusableJobs(file);
    }
    return std::move(notes_);
  }

 private:
  template <class File>
  void Note(const File& file, size_t line, const std::string& message) {
    notes_.push_back({.source = file.path.string(), .line = line, .column = 0, .message = message});
  }

  void NoteUnreachedTargets(const LoadedFile<TrainTrace>& file) {
    struct Seen {
      size_t line;
      bool reached = false;
    };
    std::map<std::pair<uint32_t, double>, Seen> seen;
    for (size_t i = 0; i < file.content.rows.size(); ++i) {
      const TrainRow& row = file.content.rows[i];
      Seen& target = seen.try_emplace({row.workload, row.target_metric}, Seen{.line = file.lines[i]}).first->second;
      target.reached = target.reached || row.target_epoch.has_value();
    }
    struct Unreached {
      size_t line;
      std::vector<double> targets;
    };
    std::map<uint32_t, Unreached> unreached;
    for (const auto& [key, target] : seen) {
      if (target.reached) continue;
      unreached.try_emplace(key.first, Unreached{.line = target.line, .targets = {}})
          .first->second.targets.push_back(key.second);
    }
    for (const auto& [workload, found] : unreached) {
      Note(file, found.line,
           fmt::format("no run of {} reaches target metric {}", ToText(file.content.workloads[workload]),
                       fmt::join(found.targets, ", ")));
    }
  }

  // A batch size with fewer limits than others of its workload, and a workload with fewer than others of the GPU.
  void NoteMissingLimits(const LoadedFile<PowerTrace>& file) {
    struct Recorded {
      size_t line;
      Limits limits;
    };
    std::map<uint32_t, std::map<int64_t, Recorded>> recorded;
    std::map<uint32_t, Recorded> by_workload;
    Limits all;
    for (size_t i = 0; i < file.content.rows.size(); ++i) {
      const PowerRow& row = file.content.rows[i];
      const Recorded empty = {.line = file.lines[i], .limits = {}};
      recorded[row.workload].try_emplace(row.batch_size, empty).first->second.limits.insert(row.power_limit);
      by_workload.try_emplace(row.workload, empty).first->second.limits.insert(row.power_limit);
      all.insert(row.power_limit);
    }
    for (const auto& [workload, of_workload] : by_workload) {
      const std::string name = ToText(file.content.workloads[workload]);
      NoteFewer(file, of_workload.line, name, of_workload.limits, all, "the GPU");
      for (const auto& [batch_size, of_size] : recorded[workload]) {
        NoteFewer(file, of_size.line, fmt::format("batch size {} of {}", batch_size, name), of_size.limits,
                  of_workload.limits, "the workload");
      }
    }
  }

  void NoteFewer(const LoadedFile<PowerTrace>& file, size_t line, const std::string& what, const Limits& found,
                 const Limits& all, std::string_view of_all) {
    if (found.size() == all.size()) return;
    Limits missing;
    std::ranges::set_difference(all, found, std::inserter(missing, missing.end()));
    Note(file, line,
         fmt::format("{} has {} of the {} power limits of {}: {} missing", what, found.size(), all.size(), of_all,
                     Text(missing)));
  }

  void NoteUnjoinedPower(const LoadedFile<PowerTrace>& file) {
    struct Unjoined {
      size_t line;
      size_t rows = 0;
      BatchSizes batch_sizes;
    };
    std::map<uint32_t, Unjoined> unjoined;
    for (size_t i = 0; i < file.content.rows.size(); ++i) {
      const PowerRow& row = file.content.rows[i];
      const auto known = trained_.batch_sizes.find(file.content.workloads[row.workload]);
      if (known != trained_.batch_sizes.end() && known->second.contains(row.batch_size)) continue;
      Unjoined& found =
          unjoined.try_emplace(row.workload, Unjoined{.line = file.lines[i], .batch_sizes = {}}).first->second;
      ++found.rows;
      found.batch_sizes.insert(row.batch_size);
    }
    for (const auto& [workload, found] : unjoined) {
      Note(file, found.line,
           fmt::format("no training row joins {} of {}: {}", Rows(found.rows), ToText(file.content.workloads[workload]),
                       Text(found.batch_sizes)));
    }
  }

  void NoteUnpoweredTraining(const LoadedFile<PowerTrace>& file) {
    std::map<Workload, BatchSizes> powered;
    for (const PowerRow& row : file.content.rows) {
      powered[file.content.workloads[row.workload]].insert(row.batch_size);
    }
    for (const auto& [workload, trained] : trained_.batch_sizes) {
      BatchSizes missing;
      std::ranges::set_difference(trained, powered[workload], std::inserter(missing, missing.end()));
      if (missing.empty()) continue;
      Note(file, 0, fmt::format("training rows of {} have no power here: {}", ToText(workload), Text(missing)));
    }
  }

  void NoteUnknownDatasets(const LoadedFile<std::vector<ClusterGroup>>& file) {
    std::map<std::string, size_t> unknown;
    for (const ClusterGroup& group : file.content) {
      if (!trained_.datasets.contains(group.dataset)) ++unknown[group.dataset];
    }
    for (const auto& [dataset, groups] : unknown) {
      Note(file, 0,
           fmt::format("no training row has the data set \"{}\" of {} group{}", dataset, groups,
                       groups == 1 ? "" : "s"));
    }
  }

  void NoteUnusableJobs(const LoadedFile<std::vector<JobIdentity>>& file) {
    for (size_t i = 0; i < file.content.size(); ++i) {
      const JobIdentity& job = file.content[i];
      const std::string name = ToText(job.workload);
      if (!trained_.batch_sizes.contains(job.workload)) {
        Note(file, file.lines[i], fmt::format("no training row is of {}", name));
      } else if (!trained_.targets[job.workload].contains(job.target_metric)) {
        Note(file, file.lines[i], fmt::format("no training row of {} has target metric {}", name, job.target_metric));
      } else if (!trained_.batch_sizes[job.workload].contains(job.default_batch_size)) {
        Note(file, file.lines[i],
             fmt::format("no training row of {} has the default batch size {}", name, job.default_batch_size));
      } else if (!trained_.reached[job.workload][job.target_metric].contains(job.default_batch_size)) {
        Note(file, file.lines[i],
             fmt::format("no run of {} at the default batch size {} reaches target metric {}", name,
                         job.default_batch_size, job.target_metric));
      }
    }
  }

  const TraceSet& set_;
  Trained trained_;
  Problems notes_;
};

}  // namespace

Problems FindNotes(const TraceSet& set) {
  return Notes(set).Find();
}

}  // namespace zeus
