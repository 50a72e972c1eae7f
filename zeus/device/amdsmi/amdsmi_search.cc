#include "zeus/device/amdsmi/amdsmi_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "zeus/base/number_text.h"

namespace zeus::amdsmi {
namespace {

using std::filesystem::path;

void AddAbis(const path& folder, std::vector<Candidate>& candidates) {
  for (const Abi abi : {Abi::k26, Abi::k25, Abi::k24}) {
    candidates.push_back({abi, folder / fmt::format("libamd_smi.so.{}", static_cast<int>(abi))});
  }
}

/// "6.10.2-66" as {6, 10, 2, 66}; up to the first part that is no number.
std::vector<uint64_t> VersionNumbers(std::string_view text) {
  std::vector<uint64_t> numbers;
  while (true) {
    const size_t end = std::min(text.find_first_of(".-"), text.size());
    const std::optional<uint64_t> number = ParseUnsigned(text.substr(0, end));
    if (!number) return numbers;
    numbers.push_back(*number);
    if (end == text.size()) return numbers;
    text.remove_prefix(end + 1);
  }
}

std::optional<path> NewestVersionedRocm(const path& opt) {
  constexpr std::string_view kPrefix = "rocm-";
  std::optional<std::pair<std::vector<uint64_t>, path>> newest;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(opt, error); !error && entry != std::filesystem::end(entry);
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    std::pair found(VersionNumbers(std::string_view(name).substr(kPrefix.size())), entry->path());
    if (!found.first.empty() && (!newest || *newest < found)) newest = std::move(found);
  }
  if (!newest) return std::nullopt;
  return newest->second;
}

bool IsGiven(const std::optional<std::string>& text) {
  return text && !text->empty();
}

}  // namespace

std::vector<Candidate> ListCandidates(const AmdSmiSearch& search) {
  std::vector<Candidate> candidates;
  if (IsGiven(search.amdsmi_lib_dir)) {
    AddAbis(*search.amdsmi_lib_dir, candidates);
  } else if (IsGiven(search.rocm_path)) {
    AddAbis(path(*search.rocm_path) / "lib", candidates);
  } else {
    AddAbis(search.opt / "rocm" / "lib", candidates);
    if (const std::optional<path> newest = NewestVersionedRocm(search.opt)) AddAbis(*newest / "lib", candidates);
    if (search.use_loader) AddAbis({}, candidates);
  }
  return candidates;
}

}  // namespace zeus::amdsmi
