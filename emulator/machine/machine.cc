#include "emulator/machine/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "emulator/machine/loads.h"

namespace zeus::emulator {
namespace {

std::unexpected<Error> SystemError(const std::filesystem::path& file, const char* what) {
  const ErrorCode code = errno == EACCES || errno == EPERM ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable;
  return Fail(code, fmt::format("{}: cannot {} the emulator's state: {}", file.string(), what, std::strerror(errno)));
}

// Whether `file` is still what `path` names: its last user may have removed it while we waited for the lock.
bool IsStillThere(const std::filesystem::path& path, int file) {
  struct stat named{};
  struct stat opened{};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(file, &opened) == 0 && named.st_ino == opened.st_ino &&
         named.st_dev == opened.st_dev;
}

// A file that nobody uses may be made anew where it is empty or an emulator's, of whatever version, finished or not.
// The path may come from somebody's environment; what else lies there is not ours to erase.
Result<void> CheckReplaceable(const std::filesystem::path& path, int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return SystemError(path, "look at");
  uint64_t magic = 0;
  constexpr uint64_t kWithoutVersion = ~uint64_t{0} >> 8;
  const bool is_ours =
      S_ISREG(status.st_mode) &&
      (status.st_size == 0 || (::pread(file, &magic, sizeof magic, 0) == sizeof magic &&
                               (magic == 0 || (magic & kWithoutVersion) == (kMachineMagic & kWithoutVersion))));
  if (is_ours) return {};
  return Fail(
      ErrorCode::kInvalidData,
      fmt::format("{}: is not the emulator's, and stays as it is; name another file for its state", path.string()));
}

size_t BytesFor(size_t gpus) {
  static_assert(sizeof(SharedMachine) % alignof(SharedGpu) == 0);
  return sizeof(SharedMachine) + gpus * sizeof(SharedGpu);
}

}  // namespace

Result<std::unique_ptr<Machine>> Machine::Join(const std::filesystem::path& state_file,
                                               const std::string& configuration_text, const std::string& source) {
  std::unique_ptr<Machine> machine(new Machine);
  machine->state_file_ = state_file;
  while (true) {
    // Not through a link, which somebody else could have put there.
    machine->file_ = UniqueFd(::open(state_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!machine->file_.valid()) return SystemError(state_file, "open");
    const int file = machine->file_.get();
    // Users hold a shared lock as long as they live. Who gets the exclusive one is alone.
    const bool alone = ::flock(file, LOCK_EX | LOCK_NB) == 0;
    if (!alone && ::flock(file, LOCK_SH) != 0) return SystemError(state_file, "lock");
    if (!IsStillThere(state_file, file)) continue;
    if (alone) {
      ZEUS_RETURN_IF_ERROR(CheckReplaceable(state_file, file));
      machine->owner_ = ::getpid();
      ZEUS_RETURN_IF_ERROR(machine->Make(configuration_text, source));
      if (::flock(file, LOCK_SH) != 0) return SystemError(state_file, "lock");
      return machine;
    }
    ZEUS_RETURN_IF_ERROR(machine->Adopt());
    machine->owner_ = ::getpid();
    return machine;
  }
}

Machine::~Machine() {
  if (shared_ != nullptr) ::munmap(shared_, bytes_);
  // The last one to go finds itself alone.
  if (owner_ == ::getpid() && ::flock(file_.get(), LOCK_EX | LOCK_NB) == 0 && IsStillThere(state_file_, file_.get())) {
    ::unlink(state_file_.c_str());
  }
}

Result<void> Machine::Map(size_t bytes) {
  void* const address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  if (address == MAP_FAILED) return SystemError(state_file_, "map");
  shared_ = static_cast<SharedMachine*>(address);
  gpus_ = reinterpret_cast<SharedGpu*>(static_cast<char*>(address) + sizeof(SharedMachine));
  bytes_ = bytes;
  return {};
}

Result<void> Machine::Make(const std::string& configuration_text, const std::string& source) {
  ZEUS_ASSIGN_OR_RETURN(configuration_, ParseConfiguration(configuration_text, source));
  if (configuration_text.size() > kMaxConfigurationBytes) {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}: a configuration has at most {} bytes", source, kMaxConfigurationBytes));
  }
  const size_t bytes = BytesFor(gpu_count());
  // Emptied first: whatever was there is gone, and new pages are zero.
  if (::ftruncate(file_.get(), 0) != 0 || ::ftruncate(file_.get(), static_cast<off_t>(bytes)) != 0) {
    return SystemError(state_file_, "make");
  }
  ZEUS_RETURN_IF_ERROR(Map(bytes));
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  shared_->created = time.tv_sec * Nanoseconds{1'000'000'000} + time.tv_nsec;
  shared_->bytes = bytes;
  shared_->gpu_count = static_cast<uint32_t>(gpu_count());
  shared_->configuration_bytes = static_cast<uint32_t>(configuration_text.size());
  std::memcpy(shared_->configuration.data(), configuration_text.data(), configuration_text.size());
  for (SharedFault& fault : shared_->faults) fault.value_at_reset.store(UINT64_MAX);
  for (size_t i = 0; i < gpu_count(); ++i) InitialiseGpu(gpus_[i], configuration_.gpus[i], shared_->created);
  shared_->magic.store(kMachineMagic, std::memory_order_release);
  return {};
}

Result<void> Machine::Adopt() {
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0) return SystemError(state_file_, "look at");
  const auto bytes = static_cast<size_t>(status.st_size);
  const auto damaged = [&] {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}: is no state of this version of the emulator; end the programs that use it",
                            state_file_.string()));
  };
  if (bytes < sizeof(SharedMachine)) return damaged();
  ZEUS_RETURN_IF_ERROR(Map(bytes));
  if (shared_->magic.load(std::memory_order_acquire) != kMachineMagic || shared_->bytes != bytes ||
      bytes != BytesFor(shared_->gpu_count) || shared_->configuration_bytes > kMaxConfigurationBytes) {
    return damaged();
  }
  const std::string text(shared_->configuration.data(), shared_->configuration_bytes);
  ZEUS_ASSIGN_OR_RETURN(configuration_, ParseConfiguration(text, state_file_.string()));
  if (gpu_count() != shared_->gpu_count) return damaged();
  return {};
}

}  // namespace zeus::emulator
