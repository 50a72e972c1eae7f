#include "zeus/device/nvml/nvml_library.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "tests/support/emulator_library.h"
#include "tests/support/files.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"

namespace zeus::nvml {
namespace {

using testing::EmulatorEnvironment;
using testing::IsError;
using testing::IsOk;
using testing::TemporaryFolder;

constexpr const char* kOneGpu = "[[gpu]]\npreset = \"v100\"\n";

// The beginning of a library made for another processor.
std::string ForeignLibrary(unsigned char elf_class, uint16_t machine) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = elf_class;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = machine;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  std::string bytes(4096, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

#ifdef __aarch64__
constexpr uint16_t kOtherMachine = EM_X86_64;
#else
constexpr uint16_t kOtherMachine = EM_AARCH64;
#endif

TEST(NvmlLibrary, TellsItsVersions) {
  const EmulatorEnvironment environment("driver_version = \"535.104.05\"\nlibrary_version = \"12.535\"\n");
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Library> library, Library::Open(ZEUS_EMULATOR_LIBRARY));
  EXPECT_EQ(library->driver_version(), "535.104.05");
  EXPECT_EQ(library->library_version(), "12.535");
}

TEST(NvmlLibrary, NoneAtAll) {
  EXPECT_THAT(Library::Open("libnvidia-ml-of-nobody.so.1"),
              IsError(ErrorCode::kNotFound, "libnvidia-ml-of-nobody.so.1: the loader finds no such library"));
  EXPECT_THAT(Library::Open("/nonexistent/libnvidia-ml.so.1"),
              IsError(ErrorCode::kNotFound, "/nonexistent/libnvidia-ml.so.1: there is no such file"));
}

TEST(NvmlLibrary, OfAnotherWordSize) {
  const TemporaryFolder folder;
  EXPECT_THAT(Library::Open(folder.Write("libnvidia-ml.so.1", ForeignLibrary(ELFCLASS32, EM_386))),
              IsError(ErrorCode::kInvalidData, "wrong ELF class: ELFCLASS32"));
}

TEST(NvmlLibrary, OfAnotherProcessor) {
  const TemporaryFolder folder;
  EXPECT_THAT(Library::Open(folder.Write("libnvidia-ml.so.1", ForeignLibrary(ELFCLASS64, kOtherMachine))),
              IsError(ErrorCode::kInvalidData, "libnvidia-ml.so.1: cannot be loaded: "));
}

TEST(NvmlLibrary, AFileThatIsNoLibrary) {
  const TemporaryFolder folder;
  EXPECT_THAT(Library::Open(folder.Write("text.so", std::string(4096, 'x'))),
              IsError(ErrorCode::kInvalidData, "invalid ELF header"));
  EXPECT_THAT(Library::Open(folder.Write("empty.so", "")), IsError(ErrorCode::kInvalidData, "file too short"));
  EXPECT_THAT(Library::Open(folder.path()), IsError(ErrorCode::kInvalidData, "cannot be loaded"));
}

TEST(NvmlLibrary, WithoutAFunctionThatEverythingNeeds) {
  const EmulatorEnvironment environment(kOneGpu);
#define ZEUS_TEST_WITHOUT(member, symbol, parameters)               \
  EXPECT_THAT(Library::Open(environment.LibraryWithout({#symbol})), \
              IsError(ErrorCode::kInvalidData, ".so: has no symbol " #symbol ", without which Zeus cannot use it"));
  ZEUS_NVML_REQUIRED(ZEUS_TEST_WITHOUT)
#undef ZEUS_TEST_WITHOUT
}

TEST(NvmlLibrary, ThereButNotItsDriver) {
  const EmulatorEnvironment environment(kOneGpu);
  ::setenv(emulator::kConfigurationVariable, "/nonexistent/machine.toml", 1);
  EXPECT_THAT(Library::Open(ZEUS_EMULATOR_LIBRARY),
              IsError(ErrorCode::kUnavailable, "nvmlInit_v2: Driver Not Loaded; load the nvidia kernel module"));
}

TEST(NvmlLibrary, IsInitialisedForAsLongAsItLives) {
  const EmulatorEnvironment environment(kOneGpu);
  const std::filesystem::path state = environment.folder().path() / "state";
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Library> first, Library::Open(ZEUS_EMULATOR_LIBRARY));
    ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Library> second, Library::Open(ZEUS_EMULATOR_LIBRARY));
    first.reset();
    EXPECT_TRUE(std::filesystem::exists(state));
    unsigned count = 0;
    EXPECT_EQ(second->functions().device_count(&count), kSuccess);
    EXPECT_EQ(count, 1U);
  }
  EXPECT_FALSE(std::filesystem::exists(state));
}

TEST(NvmlLibrary, ErrorsKeepTheLibrarysNumber) {
  const EmulatorEnvironment environment(kOneGpu);
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Library> library, Library::Open(ZEUS_EMULATOR_LIBRARY));
  for (const int code : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 25, 27, 999}) {
    const Error error = library->ToError(static_cast<Return>(code), "GPU 0", "power");
    EXPECT_EQ(error.library, ErrorLibrary::kNvml);
    EXPECT_EQ(error.library_code, code);
  }
}

TEST(NvmlLibrary, ErrorsSayWhatToDo) {
  const EmulatorEnvironment environment(kOneGpu);
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Library> library, Library::Open(ZEUS_EMULATOR_LIBRARY));
  const auto error = [&](Return result) {
    return Result<void>(std::unexpected(library->ToError(result, "GPU 0", "power")));
  };
  EXPECT_THAT(error(kNoPermission), IsError(ErrorCode::kPermissionDenied,
                                            "GPU 0: power: permission denied; run as root, or have a privileged"));
  EXPECT_THAT(error(kGpuIsLost), IsError(ErrorCode::kUnavailable, "GPU 0: power: GPU is lost; it fell off the bus"));
  EXPECT_THAT(error(kResetRequired), IsError(ErrorCode::kUnavailable, "it works again after a reset"));
  EXPECT_THAT(error(kLibRmVersionMismatch), IsError(ErrorCode::kUnavailable, "restart the machine"));
  EXPECT_THAT(error(kTimeout), IsError(ErrorCode::kUnavailable, "GPU 0: power: Timeout"));
  EXPECT_THAT(error(kUnknown), IsError(ErrorCode::kUnavailable, "GPU 0: power: Unknown Error"));
  EXPECT_THAT(error(kNotSupported), IsError(ErrorCode::kFailedPrecondition, "GPU 0: power: Not Supported"));
  EXPECT_THAT(error(kFunctionNotFound), IsError(ErrorCode::kFailedPrecondition, "Function Not Found"));
  EXPECT_THAT(error(kInvalidArgument), IsError(ErrorCode::kInvalidArgument, "Invalid Argument"));
  EXPECT_THAT(error(kNotFound), IsError(ErrorCode::kNotFound, "Not Found"));
}

TEST(NvmlLibrary, AnErrorWithoutTextsIsTheNumber) {
  const EmulatorEnvironment environment(kOneGpu);
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Library> library,
                            Library::Open(environment.LibraryWithout({"nvmlErrorString"})));
  EXPECT_EQ(library->ToError(kTimeout, "GPU 0", "power").message, "GPU 0: power: NVML error 10");
}

}  // namespace
}  // namespace zeus::nvml
