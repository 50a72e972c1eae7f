#include "cifar100.h"

#include <fstream>
#include <string>
#include <system_error>

namespace cifar {
namespace {

zeus::Result<void> Check(const std::vector<Picture>& pictures, const std::string& name) {
  for (size_t i = 0; i < pictures.size(); ++i) {
    const Picture& picture = pictures[i];
    if (picture.coarse_label < kCoarseClasses && picture.label < kClasses) continue;
    return zeus::Fail(zeus::ErrorCode::kInvalidData,
                      name + ": picture " + std::to_string(i) + " has the labels " +
                          std::to_string(picture.coarse_label) + " and " + std::to_string(picture.label) +
                          "; expected below 20 and below 100: this is no CIFAR-100 in its binary version");
  }
  return {};
}

}  // namespace

zeus::Result<std::vector<Picture>> ReadCifar100(const std::filesystem::path& file) {
  const std::string name = file.string();
  std::error_code error;
  const uintmax_t bytes = std::filesystem::file_size(file, error);
  std::ifstream stream(file, std::ios::binary);
  if (error || !stream) {
    return zeus::Fail(zeus::ErrorCode::kNotFound,
                      name + ": cannot be read; expected a file of CIFAR-100 in its binary version");
  }
  if (bytes == 0 || bytes % sizeof(Picture) != 0) {
    return zeus::Fail(zeus::ErrorCode::kInvalidData, name + ": has " + std::to_string(bytes) +
                                                         " bytes; expected pictures of 3074 bytes each: it is cut "
                                                         "off, or no CIFAR-100 in its binary version");
  }
  std::vector<Picture> pictures(bytes / sizeof(Picture));
  if (!stream.read(reinterpret_cast<char*>(pictures.data()), static_cast<std::streamsize>(bytes))) {
    return zeus::Fail(zeus::ErrorCode::kUnavailable, name + ": cannot be read to its end");
  }
  ZEUS_RETURN_IF_ERROR(Check(pictures, name));
  return pictures;
}

}  // namespace cifar
