#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace zeus::testing {

/// The folder of published traces and golden results; where it is absent, tests that need it skip and say so.
inline std::filesystem::path SharedFolder() {
  const char* const folder = std::getenv("ZEUS_SHARED_DIR");
  return folder != nullptr ? folder : "../shared";
}

/// An empty folder that goes away with this object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "zeus_test.XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Writes a file in the folder and returns its path.
  [[nodiscard]] std::filesystem::path Write(const std::string& name, std::string_view content) const {
    const std::filesystem::path file = path_ / name;
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace zeus::testing

/// Skips the test where the published traces and golden results are absent.
#define ZEUS_SKIP_WITHOUT_SHARED_FOLDER()                                                         \
  if (!std::filesystem::exists(::zeus::testing::SharedFolder() / "golden"))                       \
  GTEST_SKIP() << "no published traces and golden results at " << ::zeus::testing::SharedFolder() \
               << "; set ZEUS_SHARED_DIR"
