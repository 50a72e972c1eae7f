#include "zeus/trace/loaded_traces.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "zeus/base/number_text.h"
#include "zeus/base/text_file.h"
#include "zeus/trace/csv_reader.h"
#include "zeus/trace/workload_list.h"
#include "zeus/trace/xz.h"

namespace zeus {
namespace {

constexpr std::string_view kPowerPrefix = "summary_power_";

enum class FileKind { kTrain, kPower, kGroups, kWorkloadList };

struct KnownFile {
  FileKind kind;
  std::string_view what;
  std::string_view column;  // Only this kind of file has it.
};

constexpr std::array<KnownFile, 4> kKnownFiles = {{
    {FileKind::kTrain, "train trace", "target_epoch"},
    {FileKind::kPower, "power trace", "average_power"},
    {FileKind::kGroups, "cluster groups", "runtime_ratio"},
    {FileKind::kWorkloadList, "list of workloads", "default_batch_size"},
}};

// By name, where the name is fixed: then a damaged header is reported as that file's. Otherwise by header.
std::optional<FileKind> KindOf(const std::filesystem::path& path, std::string_view text) {
  const std::string name = path.filename().string();
  if (name == "summary_train.csv") return FileKind::kTrain;
  if (name.starts_with(kPowerPrefix) && name.ends_with(".csv")) return FileKind::kPower;
  if (name == kWorkloadListFile) return FileKind::kWorkloadList;
  for (const KnownFile& known : kKnownFiles) {
    Problems missing;
    const CsvReader header(text, name, std::span(&known.column, 1), &missing);
    if (missing.empty()) return known.kind;
  }
  return std::nullopt;
}

// Errors name their file, and sometimes a line and a column, in their text; a problem has fields for them.
Problem ToProblem(const Error& error, const std::filesystem::path& path) {
  Problem problem = {.source = path.string(), .line = 0, .column = 0, .message = error.message};
  std::string_view rest = error.message;
  if (!rest.starts_with(problem.source + ":")) return problem;
  rest.remove_prefix(problem.source.size() + 1);
  const auto take_number = [&]() -> size_t {
    const size_t end = rest.find(':');
    const auto number = end == std::string_view::npos ? std::nullopt : ParseUnsigned(rest.substr(0, end));
    if (number) rest.remove_prefix(end + 1);
    return number.value_or(0);
  };
  problem.line = take_number();
  problem.column = problem.line > 0 ? take_number() : 0;
  problem.message = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
  return problem;
}

std::vector<size_t> RecordLines(std::string_view text) {
  Problems ignored;
  CsvReader csv(text, {}, {}, &ignored);
  std::vector<size_t> lines;
  while (csv.Next()) lines.push_back(csv.line());
  return lines;
}

enum class Unknown { kIsProblem, kIsPassedOver };

class Loader {
 public:
  explicit Loader(LoadedTraces* loaded) : loaded_(*loaded) {}

  void LoadFolder(const std::filesystem::path& folder) {
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (auto entry = std::filesystem::directory_iterator(folder, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      const auto extension = entry->path().extension();
      if (extension == ".csv" || extension == ".xz") files.push_back(entry->path());
    }
    if (error) return ReportFolder(folder, "cannot read the folder: " + error.message());
    std::ranges::sort(files);
    TraceSet set;
    set.folder = folder;
    const size_t problems_before = loaded_.problems.size();
    for (const std::filesystem::path& file : files) LoadFile(file, Unknown::kIsPassedOver, &set);
    const bool nothing_known = set.groups.empty() && loaded_.problems.size() == problems_before;
    if (set.train.empty() && (!set.power.empty() || nothing_known)) ReportFolder(folder, "holds no summary_train.csv");
    if (set.power.empty() && (!set.train.empty() || nothing_known))
      ReportFolder(folder, "holds no summary_power_GPU.csv");
    loaded_.sets.push_back(std::move(set));
  }

  void LoadFile(const std::filesystem::path& path, Unknown unknown, TraceSet* set) {
    Result<std::string> bytes = ReadFile(path);
    if (!bytes) return ReportError(path, bytes.error());
    const bool compressed = IsXz(*bytes);
    if (compressed) {
      bytes = DecompressXz(*bytes, path.string(), kMaxFileBytes);
      if (!bytes) return ReportError(path, bytes.error());
    } else if (path.extension() == ".xz") {
      return Report(path, "is named .xz but is not an .xz file");
    }
    const Result<std::string> text = ToText(*std::move(bytes), path.string());
    if (!text) return ReportError(path, text.error());
    const std::optional<FileKind> kind = KindOf(path, *text);
    if (!kind) {
      if (unknown == Unknown::kIsPassedOver) return;
      return Report(path, UnknownMessage(*text));
    }
    if (compressed && *kind != FileKind::kGroups) return Report(path, "only cluster groups may be compressed");
    ++loaded_.files;
    Parse(path, *kind, *text, set);
  }

 private:
  void Parse(const std::filesystem::path& path, FileKind kind, std::string_view text, TraceSet* set) {
    const size_t problems_before = loaded_.problems.size();
    const auto add = [&](auto* files, auto parse) {
      auto content = parse(text, path.string(), &loaded_.problems);
      files->push_back({.path = path,
                        .content = std::move(content),
                        .lines = RecordLines(text),
                        .clean = loaded_.problems.size() == problems_before});
    };
    switch (kind) {
      case FileKind::kTrain:
        return add(&set->train, ParseTrainTrace);
      case FileKind::kPower:
        return add(&set->power, ParsePowerTrace);
      case FileKind::kGroups:
        return add(&set->groups, ParseClusterGroups);
      case FileKind::kWorkloadList:
        return add(&set->workload_lists, ParseWorkloadList);
    }
  }

  static std::string UnknownMessage(std::string_view text) {
    if (text.empty()) return "the file is empty";
    std::string message = "its first line is no header that is known here; it needs the column";
    for (size_t i = 0; i < kKnownFiles.size(); ++i) {
      message += fmt::format("{} {} ({})", i == 0 ? "" : ", or", kKnownFiles[i].column, kKnownFiles[i].what);
    }
    return message;
  }

  // The file was looked at, but nothing could be read from it.
  void ReportError(const std::filesystem::path& path, const Error& error) {
    ++loaded_.files;
    loaded_.problems.push_back(ToProblem(error, path));
  }

  void ReportFolder(const std::filesystem::path& folder, std::string message) {
    loaded_.problems.push_back({.source = folder.string(), .line = 0, .column = 0, .message = std::move(message)});
  }

  void Report(const std::filesystem::path& path, std::string message) {
    ReportError(path, {.code = ErrorCode::kInvalidData, .message = std::move(message)});
  }

  LoadedTraces& loaded_;
};

}  // namespace

LoadedTraces LoadTraces(std::span<const std::filesystem::path> paths) {
  LoadedTraces loaded;
  Loader loader(&loaded);
  TraceSet named;
  for (const std::filesystem::path& path : paths) {
    std::error_code ignored;  // What cannot be inspected cannot be read either, and reading says why.
    if (std::filesystem::is_directory(path, ignored)) {
      loader.LoadFolder(path);
    } else {
      loader.LoadFile(path, Unknown::kIsProblem, &named);
    }
  }
  const bool any =
      !named.train.empty() || !named.power.empty() || !named.groups.empty() || !named.workload_lists.empty();
  if (any) loaded.sets.push_back(std::move(named));
  return loaded;
}

std::string GpuName(const std::filesystem::path& power_trace) {
  std::string name = power_trace.stem().string();
  if (name.starts_with(kPowerPrefix)) name.erase(0, kPowerPrefix.size());
  return name;
}

}  // namespace zeus
