#include "capriccio/output_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <system_error>
#include <utility>

namespace zeus::capriccio {
namespace {

std::unexpected<Error> FailWith(const std::filesystem::path& path, std::string_view action,
                                const std::error_code& error) {
  return Fail(error == std::errc::permission_denied ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable,
              fmt::format("{}: cannot {}: {}", path.string(), action, error.message()));
}

bool IsSlice(std::string_view name) {
  const size_t digits = name.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) return false;
  const std::string_view rest = name.substr(digits);
  return rest == "_train.json" || rest == "_val.json";
}

}  // namespace

Result<OutputFolder> OutputFolder::Open(std::filesystem::path path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return FailWith(path, "create the folder", error);
  UniqueFd lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.valid()) return FailWithErrno(path, "open the folder");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Fail(ErrorCode::kUnavailable, fmt::format("{}: another process is writing slices here", path.string()));
  }
  OutputFolder folder(std::move(path), std::move(lock));
  std::filesystem::remove_all(folder.temporary(), error);
  if (error) return FailWith(folder.temporary(), "remove", error);
  std::filesystem::create_directory(folder.temporary(), error);
  if (error) return FailWith(folder.temporary(), "create the folder", error);
  return folder;
}

OutputFolder::~OutputFolder() {
  std::error_code ignored;
  if (lock_.valid()) std::filesystem::remove_all(temporary(), ignored);
}

Result<std::vector<std::filesystem::path>> OutputFolder::Slices() const {
  std::vector<std::filesystem::path> slices;
  std::error_code error;
  for (std::filesystem::directory_iterator each(path_, error), end; !error && each != end; each.increment(error)) {
    if (IsSlice(each->path().filename().string())) slices.push_back(each->path());
  }
  if (error) return FailWith(path_, "read the folder", error);
  return slices;
}

Result<void> OutputFolder::RemoveSlices() const {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<std::filesystem::path> slices, Slices());
  for (const std::filesystem::path& slice : slices) {
    std::error_code error;
    std::filesystem::remove(slice, error);
    if (error) return FailWith(slice, "remove", error);
  }
  return {};
}

Result<NewFile> OutputFolder::Create(const std::string& name) const {
  return NewFile::Create(temporary() / name, path_ / name);
}

}  // namespace zeus::capriccio
