#include "zeus/device/amdsmi/amdsmi_library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <utility>

namespace zeus {
namespace {

using amdsmi::Abi;
using amdsmi::Candidate;
using std::filesystem::path;

/// The file behind a name that the dynamic loader knows.
Result<path> AskLoader(const path& name) {
  // Never closed: DynamicLibrary holds what it opens, too.
  void* const handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  link_map* map = nullptr;
  if (handle == nullptr || ::dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0) {
    return Fail(ErrorCode::kNotFound, fmt::format("the dynamic loader: {}", ::dlerror()));
  }
  return path(map->l_name);
}

/// Of the process, not of an object: what is not thread-safe is AMD's code.
std::mutex& CallMutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

Result<std::unique_ptr<AmdSmiLibrary>> AmdSmiLibrary::Open(const AmdSmiSearch& search) {
  std::string tried;
  for (const Candidate& candidate : amdsmi::ListCandidates(search)) {
    Result<std::unique_ptr<AmdSmiLibrary>> library = Load(candidate);
    if (library) {
      ZEUS_RETURN_IF_ERROR((*library)->Start());
      const Result<void> version = (*library)->CheckVersion();
      if (version) return library;
      library = std::unexpected(version.error());
    }
    tried += fmt::format("{}{}", tried.empty() ? "" : "; ", library.error().message);
  }
  return Fail(
      ErrorCode::kNotFound,
      fmt::format("no supported AMD SMI library found (ROCm 6.3 or newer; AMDSMI_LIB_DIR and ROCM_PATH restrict "
                  "the search when set; otherwise {}/rocm*/lib and the dynamic loader's folders are searched): "
                  "{}",
                  search.opt.string(), tried));
}

Result<std::unique_ptr<AmdSmiLibrary>> AmdSmiLibrary::Load(const Candidate& candidate) {
  std::filesystem::path file = candidate.path;
  if (!file.has_parent_path()) {
    ZEUS_ASSIGN_OR_RETURN(file, AskLoader(file));
  }
  ZEUS_ASSIGN_OR_RETURN(const DynamicLibrary library, DynamicLibrary::Open(file));
  ZEUS_ASSIGN_OR_RETURN(const amdsmi::Functions functions, amdsmi::LoadFunctions(library));
  return std::unique_ptr<AmdSmiLibrary>(new AmdSmiLibrary(candidate.abi, std::move(file), functions));
}

Result<void> AmdSmiLibrary::Start() {
  ZEUS_RETURN_IF_ERROR(Call(path_.string(), functions_.init, amdsmi::kInitGpus));
  started_ = true;
  return {};
}

Result<void> AmdSmiLibrary::CheckVersion() {
  bool supported = false;
  if (abi_ == Abi::k26) {
    amdsmi::Version26 version = {};
    ZEUS_RETURN_IF_ERROR(Call(path_.string(), functions_.get_lib_version, &version));
    version_ = fmt::format("{}.{}.{}", version.major, version.minor, version.release);
    supported = version.major == 26;
    one_at_a_time_ = version.minor < 2;
  } else {
    amdsmi::Version24 version = {};
    ZEUS_RETURN_IF_ERROR(Call(path_.string(), functions_.get_lib_version, &version));
    if (abi_ == Abi::k25) {
      version_ = fmt::format("{}.{}.{}", version.major, version.minor, version.release);
      supported = version.year == 25 && version.major == 25;
    } else {
      version_ = fmt::format("{}.{}.{}", version.year, version.major, version.minor);
      supported = version.year == 24 && version.major >= 7;
    }
  }
  if (supported) return {};
  return Fail(ErrorCode::kNotFound, fmt::format("{}: found AMD SMI {}, expected {}; the oldest supported ROCm is 6.3",
                                                path_.string(), version_,
                                                abi_ == Abi::k24   ? "24.7 or newer of year 24"
                                                : abi_ == Abi::k25 ? "25"
                                                                   : "26"));
}

AmdSmiLibrary::~AmdSmiLibrary() {
  if (started_) RawCall(functions_.shut_down);
}

Result<std::vector<amdsmi::ProcessorHandle>> AmdSmiLibrary::ListProcessors() const {
  uint32_t socket_count = 0;
  ZEUS_RETURN_IF_ERROR(Call("", functions_.get_socket_handles, &socket_count, nullptr));
  std::vector<amdsmi::SocketHandle> sockets(socket_count);
  ZEUS_RETURN_IF_ERROR(Call("", functions_.get_socket_handles, &socket_count, sockets.data()));
  sockets.resize(std::min<size_t>(sockets.size(), socket_count));
  std::vector<amdsmi::ProcessorHandle> all;
  for (const amdsmi::SocketHandle socket : sockets) {
    uint32_t count = 0;
    ZEUS_RETURN_IF_ERROR(Call("", functions_.get_processor_handles, socket, &count, nullptr));
    std::vector<amdsmi::ProcessorHandle> handles(count);
    ZEUS_RETURN_IF_ERROR(Call("", functions_.get_processor_handles, socket, &count, handles.data()));
    handles.resize(std::min<size_t>(handles.size(), count));
    all.insert(all.end(), handles.begin(), handles.end());
  }
  return all;
}

std::string AmdSmiLibrary::WhyMissing(const char* function) const {
  return fmt::format("{} of AMD SMI {} has no {}", path_.filename().string(), version_, function);
}

Error AmdSmiLibrary::Missing(std::string_view gpu, const char* function) const {
  return Error{ErrorCode::kFailedPrecondition, fmt::format("{}: {}", gpu, WhyMissing(function))};
}

std::unique_lock<std::mutex> AmdSmiLibrary::TakeTurn() const {
  if (one_at_a_time_) return std::unique_lock(CallMutex());
  return {};
}

}  // namespace zeus
