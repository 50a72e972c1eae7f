#include "zeus/plugin/check_shared_object.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

namespace zeus {
namespace {

using FileHeader = ElfW(Ehdr);
using ProgramHeader = ElfW(Phdr);

constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char kByteOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
#if defined(__x86_64__)
constexpr ElfW(Half) kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr ElfW(Half) kMachine = EM_AARCH64;
#elif defined(__powerpc64__)
constexpr ElfW(Half) kMachine = EM_PPC64;
#else
constexpr ElfW(Half) kMachine = EM_NONE;  // Left to the loader.
#endif

bool Read(std::ifstream& file, uint64_t offset, void* data, size_t size) {
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(static_cast<char*>(data), static_cast<std::streamsize>(size));
  return file.good();
}

}  // namespace

Result<void> CheckSharedObject(const std::filesystem::path& path) {
  const auto fail = [&](ErrorCode code, const std::string& problem) {
    return Fail(code, fmt::format("{}: {}", path.string(), problem));
  };
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return fail(ErrorCode::kNotFound, "there is no such file");
  if (!std::filesystem::is_regular_file(status)) return fail(ErrorCode::kInvalidData, "is no file");
  const uint64_t bytes = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file)
    return fail(ErrorCode::kPermissionDenied, fmt::format("cannot be read: {}", std::strerror(errno)));

  FileHeader header;
  if (!Read(file, 0, &header, sizeof(header)) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return fail(ErrorCode::kInvalidData, "is not a shared object");
  }
  if (header.e_ident[EI_CLASS] != kClass || header.e_ident[EI_DATA] != kByteOrder ||
      (kMachine != EM_NONE && header.e_machine != kMachine)) {
    return fail(ErrorCode::kInvalidData, fmt::format("is built for another machine (ELF machine {}, this one is {})",
                                                     header.e_machine, kMachine));
  }
  if (header.e_type != ET_DYN) {
    return fail(ErrorCode::kInvalidData, "is a program or an object file, not a shared object; link it with -shared");
  }
  if (header.e_phentsize != sizeof(ProgramHeader)) return fail(ErrorCode::kInvalidData, "is damaged: its header");
  std::vector<ProgramHeader> segments(header.e_phnum);
  if (segments.empty() || !Read(file, header.e_phoff, segments.data(), segments.size() * sizeof(ProgramHeader))) {
    return fail(ErrorCode::kInvalidData, "is damaged: its list of segments");
  }
  for (const ProgramHeader& segment : segments) {
    if (segment.p_type != PT_LOAD) continue;
    if (segment.p_offset > bytes || segment.p_filesz > bytes - segment.p_offset) {
      return fail(ErrorCode::kInvalidData, fmt::format("is cut off: it has {} bytes, a segment ends at {}", bytes,
                                                       segment.p_offset + segment.p_filesz));
    }
  }
  return {};
}

}  // namespace zeus
