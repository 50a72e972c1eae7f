#include "zeus/trace/trace_folder.h"

#include <fmt/format.h>

#include <algorithm>

namespace zeus {
namespace {

constexpr std::string_view kTrainFile = "summary_train.csv";
constexpr std::string_view kPowerPrefix = "summary_power_";
constexpr std::string_view kSuffix = ".csv";

}  // namespace

Result<TraceFolder> TraceFolder::Open(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::string> gpus;
  for (auto entry = std::filesystem::directory_iterator(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(kPowerPrefix) && name.ends_with(kSuffix)) {
      gpus.push_back(name.substr(kPowerPrefix.size(), name.size() - kPowerPrefix.size() - kSuffix.size()));
    }
  }
  if (error) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("{}: cannot read the trace folder: {}", folder.string(), error.message()));
  }
  TraceFolder traces(folder, std::move(gpus));
  std::ranges::sort(traces.gpus_);
  if (!std::filesystem::exists(traces.TrainTracePath(), error)) {
    return Fail(ErrorCode::kNotFound, fmt::format("{}: holds no {}", folder.string(), kTrainFile));
  }
  if (traces.gpus_.empty()) {
    return Fail(ErrorCode::kNotFound, fmt::format("{}: holds no {}GPU{}", folder.string(), kPowerPrefix, kSuffix));
  }
  return traces;
}

std::filesystem::path TraceFolder::TrainTracePath() const {
  return folder_ / kTrainFile;
}

Result<std::filesystem::path> TraceFolder::PowerTracePath(std::string_view gpu) const {
  if (!std::ranges::binary_search(gpus_, gpu)) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: no power trace of GPU \"{}\"; there are: {}",
                                                         folder_.string(), gpu, fmt::join(gpus_, ", ")));
  }
  return folder_ / fmt::format("{}{}{}", kPowerPrefix, gpu, kSuffix);
}

}  // namespace zeus
