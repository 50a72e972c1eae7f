#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "emulator/machine/machine.h"
#include "tests/support/files.h"
#include "tests/support/result_matchers.h"
#include "zeus/base/unique_fd.h"

namespace zeus::emulator {
namespace {

using testing::IsError;
using testing::IsOk;

constexpr const char* kConfiguration = "[[gpu]]\npreset = \"v100\"\n";

class StateFileTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "state"; }
  [[nodiscard]] Result<std::unique_ptr<Machine>> Join() const { return Machine::Join(file(), kConfiguration, "toml"); }
  [[nodiscard]] Result<std::unique_ptr<Machine>> JoinWhile(const std::string& content) const {
    Write(content);
    // As a user of the machine does, so that the file may not be made anew.
    const UniqueFd user(::open(file().c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(::flock(user.get(), LOCK_SH), 0);
    return Join();
  }
  void Write(const std::string& content) const { std::ofstream(file(), std::ios::binary) << content; }
  [[nodiscard]] std::string Content() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// What a running machine's file holds.
  [[nodiscard]] std::string StateOfAMachine() const {
    const auto machine = Join();
    EXPECT_THAT(machine, IsOk());
    return Content();
  }

  const testing::TemporaryFolder folder_;
};

constexpr const char* kDamaged = "state: is no state of this version of the emulator; end the programs that use it";

TEST_F(StateFileTest, AForeignFileInUseIsAnError) {
  EXPECT_THAT(JoinWhile("a letter to somebody"), IsError(ErrorCode::kInvalidData, kDamaged));
  EXPECT_EQ(Content(), "a letter to somebody");
  EXPECT_THAT(JoinWhile(std::string(size_t{1} << 20, 'x')), IsError(ErrorCode::kInvalidData, kDamaged));
}

TEST_F(StateFileTest, ATruncatedFileInUseIsAnError) {
  const std::string whole = StateOfAMachine();
  EXPECT_THAT(JoinWhile(""), IsError(ErrorCode::kInvalidData, kDamaged));
  EXPECT_THAT(JoinWhile(whole.substr(0, sizeof(SharedMachine))), IsError(ErrorCode::kInvalidData, kDamaged));
  EXPECT_THAT(JoinWhile(whole.substr(0, whole.size() - 1)), IsError(ErrorCode::kInvalidData, kDamaged));
}

TEST_F(StateFileTest, AnotherLayoutInUseIsAnError) {
  std::string state = StateOfAMachine();
  const uint64_t other_version = kMachineMagic + (uint64_t{1} << 56);
  std::memcpy(state.data(), &other_version, sizeof other_version);
  EXPECT_THAT(JoinWhile(state), IsError(ErrorCode::kInvalidData, kDamaged));
}

TEST_F(StateFileTest, AConfigurationThatWasOverwrittenInUseIsAnError) {
  std::string state = StateOfAMachine();
  state.replace(state.find("preset"), 6, "pre=et");
  EXPECT_THAT(JoinWhile(state), IsError(ErrorCode::kInvalidData, "state:2"));
}

TEST_F(StateFileTest, ALinkIsRefused) {
  const std::filesystem::path target = folder_.Write("target", "");
  std::filesystem::create_symlink(target, file());
  EXPECT_THAT(Join(),
              IsError(ErrorCode::kUnavailable, "cannot open the emulator's state: Too many levels of symbolic"));
  EXPECT_EQ(std::filesystem::file_size(target), 0U);
}

TEST_F(StateFileTest, AFolderThatIsNotThereIsNamed) {
  EXPECT_THAT(Machine::Join(folder_.path() / "none/state", kConfiguration, "toml"),
              IsError(ErrorCode::kUnavailable, "none/state: cannot open the emulator's state: No such file"));
}

TEST_F(StateFileTest, AFolderInItsPlaceIsRefused) {
  std::filesystem::create_directory(file());
  EXPECT_THAT(Join(), IsError(ErrorCode::kUnavailable, "cannot open the emulator's state: Is a directory"));
}

TEST_F(StateFileTest, SomebodysFileIsNeitherErasedNorRemoved) {
  for (const std::string content : {"x", "a letter to somebody"}) {
    Write(content);
    EXPECT_THAT(Join(), IsError(ErrorCode::kInvalidData, "state: is not the emulator's, and stays as it is"));
    EXPECT_EQ(Content(), content);
  }
}

TEST_F(StateFileTest, APipeIsNotRemoved) {
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_THAT(Join(), IsError(ErrorCode::kInvalidData, "state: is not the emulator's, and stays as it is"));
  EXPECT_TRUE(std::filesystem::is_fifo(file()));
}

TEST_F(StateFileTest, WhatIsLeftOfAnUnfinishedMachineIsReplaced) {
  for (const std::string& left : {std::string(), std::string(sizeof(SharedMachine), '\0')}) {
    Write(left);
    EXPECT_THAT(Join(), IsOk());
    EXPECT_FALSE(std::filesystem::exists(file()));
  }
}

TEST_F(StateFileTest, WhatAnotherVersionLeftIsReplaced) {
  Write("ZEUSEMU9 and what it knows");
  EXPECT_THAT(Join(), IsOk());
}

}  // namespace
}  // namespace zeus::emulator
