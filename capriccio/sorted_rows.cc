#include "capriccio/sorted_rows.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace zeus::capriccio {

Result<std::vector<RowPlace>> SortedRows::Places(uint64_t first, uint64_t count) const {
  std::vector<RowPlace> read(count + 1);
  auto* const bytes = reinterpret_cast<char*>(read.data());
  const size_t size = read.size() * sizeof(RowPlace);
  for (size_t done = 0; done < size;) {
    const ssize_t got =
        ::pread(places.get(), bytes + done, size - done, static_cast<off_t>(first * sizeof(RowPlace) + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return Fail(ErrorCode::kUnavailable,
                  fmt::format("temporary file: cannot read: {}", got == 0 ? "it is too short" : std::strerror(errno)));
    }
    done += static_cast<size_t>(got);
  }
  return read;
}

Result<MappedPart> MappedPart::Map(int fd, uint64_t begin, uint64_t end) {
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const uint64_t aligned = begin - begin % page;
  const size_t size = end - aligned;
  void* const start = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(aligned));
  if (start == MAP_FAILED) {
    return Fail(ErrorCode::kUnavailable, fmt::format("temporary file: cannot map: {}", std::strerror(errno)));
  }
  ::madvise(start, size, MADV_WILLNEED);
  return MappedPart(start, size, {static_cast<const char*>(start) + (begin - aligned), end - begin});
}

MappedPart::MappedPart(MappedPart&& other) noexcept
    : start_(std::exchange(other.start_, nullptr)), size_(other.size_), bytes_(other.bytes_) {}

MappedPart::~MappedPart() {
  if (start_ != nullptr) ::munmap(start_, size_);
}

}  // namespace zeus::capriccio
