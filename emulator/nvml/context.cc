#include "emulator/nvml/context.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "emulator/configuration/environment.h"
#include "zeus/base/text_file.h"
#include "zeus/device/privileges.h"

namespace zeus::emulator {
namespace {

std::array<char, kMaxGpus> handles;

std::mutex users_mutex;
int users = 0;                           // Guarded by users_mutex.
std::unique_ptr<Machine> owned_machine;  // Guarded by users_mutex.
std::atomic<Machine*> machine;

const char* Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

Result<std::unique_ptr<Machine>> JoinFromEnvironment() {
  const char* const state = Variable(kStateVariable);
  const std::string state_file = state != nullptr ? state : fmt::format("/dev/shm/zeus-emulator.{}", ::geteuid());
  if (const char* const file = Variable(kConfigurationVariable)) {
    ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(file, kMaxConfigurationBytes));
    return Machine::Join(state_file, text, file);
  }
  const char* const gpus = Variable(kGpusVariable);
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ConfigurationOfGpus(gpus != nullptr ? gpus : "v100"));
  return Machine::Join(state_file, text, kGpusVariable);
}

// FNV-1a.
uint64_t Hash(std::string_view text, uint64_t seed) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash ^ (hash >> 29);
}

}  // namespace

nvml::Return Enter() {
  const std::scoped_lock lock(users_mutex);
  if (users == 0) {
    Result<std::unique_ptr<Machine>> joined = JoinFromEnvironment();
    if (!joined) {
      // NVML has no words for it; whoever set up the emulator reads standard error.
      std::fprintf(stderr, "zeus emulator: %s\n", joined.error().message.c_str());
      return nvml::kDriverNotLoaded;
    }
    owned_machine = *std::move(joined);
    machine.store(owned_machine.get(), std::memory_order_release);
  }
  ++users;
  return nvml::kSuccess;
}

nvml::Return Leave() {
  const std::scoped_lock lock(users_mutex);
  if (users == 0) return nvml::kUninitialized;
  if (--users == 0) {
    machine.store(nullptr, std::memory_order_release);
    owned_machine.reset();
  }
  return nvml::kSuccess;
}

Machine* CurrentMachine() {
  return machine.load(std::memory_order_acquire);
}

nvml::Device HandleOf(size_t gpu) {
  return reinterpret_cast<nvml::Device>(&handles[gpu]);
}

std::optional<size_t> IndexOf(nvml::Device device) {
  const auto address = reinterpret_cast<uintptr_t>(device);
  const auto first = reinterpret_cast<uintptr_t>(handles.data());
  if (address < first || address >= first + handles.size()) return std::nullopt;
  return address - first;
}

nvml::Return CopyText(const std::string& text, char* buffer, unsigned length) {
  if (buffer == nullptr) return nvml::kInvalidArgument;
  if (text.size() + 1 > length) return nvml::kInsufficientSize;
  std::memcpy(buffer, text.c_str(), text.size() + 1);
  return nvml::kSuccess;
}

nvml::Return CopyList(const std::vector<unsigned>& list, unsigned* count, unsigned* values) {
  if (count == nullptr) return nvml::kInvalidArgument;
  const unsigned room = *count;
  *count = static_cast<unsigned>(list.size());
  if (room < list.size()) return nvml::kInsufficientSize;
  if (values == nullptr && !list.empty()) return nvml::kInvalidArgument;
  if (!list.empty()) std::memcpy(values, list.data(), list.size() * sizeof(unsigned));
  return nvml::kSuccess;
}

bool MaySet(const Machine& current) {
  switch (current.configuration().settings) {
    case SettingsPermission::kEveryone:
      return true;
    case SettingsPermission::kNobody:
      return false;
    case SettingsPermission::kRoot:
      break;
  }
  const Result<Privileges> privileges = ReadPrivileges();
  return privileges && privileges->MaySet();
}

std::string UuidOf(const Machine& current, size_t gpu) {
  const uint64_t high = Hash(current.model(gpu).name, gpu);
  const uint64_t low = Hash(current.model(gpu).key, high);
  return fmt::format("GPU-{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF, high & 0xFFFF,
                     low >> 48, low & 0xFFFFFFFFFFFFULL);
}

std::string BusIdOf(size_t gpu, int domain_digits) {
  return fmt::format("{:0{}X}:{:02X}:00.0", 0, domain_digits, gpu + 1);
}

}  // namespace zeus::emulator
