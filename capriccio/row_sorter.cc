#include "capriccio/row_sorter.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <queue>
#include <utility>

#include "capriccio/new_file.h"

namespace zeus::capriccio {
namespace {

constexpr size_t kMergedAtATime = 64;
constexpr size_t kReadBytes = size_t{1} << 18;
constexpr size_t kWriteBytes = size_t{1} << 18;
constexpr uint64_t kRowsBetweenLooks = 1 << 16;

// A file that has no name any more.
Result<UniqueFd> OpenTemporary(const std::filesystem::path& folder) {
  std::string name = (folder / "sort.XXXXXX").string();
  UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd.valid()) return FailWithErrno(folder, "create a temporary file in");
  ::unlink(name.c_str());
  return fd;
}

class BufferedWriter {
 public:
  BufferedWriter(int fd, const std::filesystem::path& folder) : fd_(fd), folder_(folder) {}

  Result<void> Append(std::string_view bytes) {
    buffer_ += bytes;
    return buffer_.size() < kWriteBytes ? Result<void>() : Flush();
  }

  template <class Plain>
  Result<void> AppendPlain(const Plain& value) {
    return Append({reinterpret_cast<const char*>(&value), sizeof(value)});
  }

  Result<void> Flush() {
    ZEUS_RETURN_IF_ERROR(WriteBytes(fd_, buffer_, folder_));
    buffer_.clear();
    return {};
  }

 private:
  int fd_;
  const std::filesystem::path& folder_;
  std::string buffer_;
};

// How a row stands in a run's file, before its line.
struct RunHeader {
  Time time;
  uint64_t size;
};

class RunReader {
 public:
  RunReader(UniqueFd fd, const std::filesystem::path& folder) : fd_(std::move(fd)), folder_(&folder) {}

  /// Moves to the next row; false at the end.
  Result<bool> Next() {
    at_ += sizeof(RunHeader) + line_size_;
    if (first_) at_ = 0;
    first_ = false;
    ZEUS_RETURN_IF_ERROR(Need(sizeof(RunHeader)));
    if (buffer_.size() - at_ < sizeof(RunHeader)) return false;
    RunHeader header;
    std::memcpy(&header, buffer_.data() + at_, sizeof(header));
    time_ = header.time;
    line_size_ = header.size;
    ZEUS_RETURN_IF_ERROR(Need(sizeof(RunHeader) + line_size_));
    return true;
  }

  [[nodiscard]] Time time() const { return time_; }
  [[nodiscard]] std::string_view line() const {
    return std::string_view(buffer_).substr(at_ + sizeof(RunHeader), line_size_);
  }

 private:
  // So many bytes from at_ on, unless the file ends.
  Result<void> Need(size_t bytes) {
    if (buffer_.size() - at_ >= bytes) return {};
    buffer_.erase(0, at_);
    at_ = 0;
    while (buffer_.size() < bytes) {
      const size_t before = buffer_.size();
      const size_t wanted = std::max(kReadBytes, bytes - before);
      buffer_.resize(before + wanted);
      const ssize_t got = ::pread(fd_.get(), buffer_.data() + before, wanted, static_cast<off_t>(position_));
      const int error = errno;
      buffer_.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
      if (got == 0) return {};
      errno = error;
      if (got < 0 && error != EINTR) return FailWithErrno(*folder_, "read a temporary file in");
      position_ += static_cast<uint64_t>(std::max<ssize_t>(got, 0));
    }
    return {};
  }

  UniqueFd fd_;
  const std::filesystem::path* folder_;
  uint64_t position_ = 0;
  std::string buffer_;
  size_t at_ = 0;
  bool first_ = true;
  Time time_ = 0;
  size_t line_size_ = 0;
};

// Writes the files of SortedRows.
class SortedRowsWriter {
 public:
  static Result<SortedRowsWriter> Create(const std::filesystem::path& folder) {
    SortedRows sorted;
    ZEUS_ASSIGN_OR_RETURN(sorted.lines, OpenTemporary(folder));
    ZEUS_ASSIGN_OR_RETURN(sorted.places, OpenTemporary(folder));
    return SortedRowsWriter(std::move(sorted), folder);
  }

  Result<void> Append(Time time, std::string_view line) {
    const Day day = DayOf(time);
    if (sorted_.days.empty() || sorted_.days.back().day != day) sorted_.days.push_back({day, sorted_.rows});
    ++sorted_.rows;
    ZEUS_RETURN_IF_ERROR(places_.AppendPlain(RowPlace{time, offset_}));
    offset_ += line.size();
    return lines_.Append(line);
  }

  Result<SortedRows> Finish() {
    ZEUS_RETURN_IF_ERROR(places_.AppendPlain(RowPlace{0, offset_}));
    ZEUS_RETURN_IF_ERROR(places_.Flush());
    ZEUS_RETURN_IF_ERROR(lines_.Flush());
    return std::move(sorted_);
  }

 private:
  SortedRowsWriter(SortedRows sorted, const std::filesystem::path& folder)
      : sorted_(std::move(sorted)), lines_(sorted_.lines.get(), folder), places_(sorted_.places.get(), folder) {}

  SortedRows sorted_;
  BufferedWriter lines_;
  BufferedWriter places_;
  uint64_t offset_ = 0;
};

}  // namespace

RowSorter::RowSorter(std::filesystem::path folder, size_t memory_bytes, std::function<bool()> stopped)
    : folder_(std::move(folder)),
      memory_bytes_(std::clamp<size_t>(memory_bytes, 1, size_t{1} << 31)),
      stopped_(std::move(stopped)) {}

Result<void> RowSorter::CheckGoingOn() const {
  if (stopped_ && stopped_()) return Fail(ErrorCode::kUnavailable, "interrupted");
  return {};
}

Result<void> RowSorter::Add(Time time, std::string_view line) {
  rows_.push_back({time, static_cast<uint32_t>(lines_.size()), static_cast<uint32_t>(line.size())});
  lines_ += line;
  return lines_.size() + rows_.size() * sizeof(Row) < memory_bytes_ ? Result<void>() : SpillMemory();
}

Result<void> RowSorter::SortedMemoryTo(const Sink& sink) {
  ZEUS_RETURN_IF_ERROR(CheckGoingOn());
  // Offsets grow in the order in which lines were added.
  std::ranges::sort(rows_, {}, [](const Row& row) { return std::pair(row.time, row.offset); });
  for (const Row& row : rows_) {
    ZEUS_RETURN_IF_ERROR(sink(row.time, std::string_view(lines_).substr(row.offset, row.size)));
  }
  rows_.clear();
  lines_.clear();
  return {};
}

Result<void> RowSorter::SpillMemory() {
  ZEUS_ASSIGN_OR_RETURN(UniqueFd run, OpenTemporary(folder_));
  BufferedWriter writer(run.get(), folder_);
  const Sink sink = [&](Time time, std::string_view line) -> Result<void> {
    ZEUS_RETURN_IF_ERROR(writer.AppendPlain(RunHeader{time, line.size()}));
    return writer.Append(line);
  };
  ZEUS_RETURN_IF_ERROR(SortedMemoryTo(sink));
  ZEUS_RETURN_IF_ERROR(writer.Flush());
  for (size_t level = 0;; ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    levels_[level].push_back(std::move(run));
    if (levels_[level].size() < kMergedAtATime) return {};
    ZEUS_ASSIGN_OR_RETURN(run, MergeToRun(std::exchange(levels_[level], {})));
  }
}

Result<UniqueFd> RowSorter::MergeToRun(std::vector<UniqueFd> runs) const {
  ZEUS_ASSIGN_OR_RETURN(UniqueFd merged, OpenTemporary(folder_));
  BufferedWriter writer(merged.get(), folder_);
  const Sink sink = [&](Time time, std::string_view line) -> Result<void> {
    ZEUS_RETURN_IF_ERROR(writer.AppendPlain(RunHeader{time, line.size()}));
    return writer.Append(line);
  };
  ZEUS_RETURN_IF_ERROR(Merge(std::move(runs), sink));
  ZEUS_RETURN_IF_ERROR(writer.Flush());
  return merged;
}

Result<void> RowSorter::Merge(std::vector<UniqueFd> runs, const Sink& sink) const {
  std::vector<RunReader> readers;
  readers.reserve(runs.size());
  using Head = std::pair<Time, size_t>;  // Of equal times, the older run's comes first.
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  for (UniqueFd& run : runs) {
    readers.emplace_back(std::move(run), folder_);
    ZEUS_ASSIGN_OR_RETURN(const bool more, readers.back().Next());
    if (more) heads.emplace(readers.back().time(), readers.size() - 1);
  }
  for (uint64_t row = 0; !heads.empty(); ++row) {
    if (row % kRowsBetweenLooks == 0) ZEUS_RETURN_IF_ERROR(CheckGoingOn());
    const size_t run = heads.top().second;
    heads.pop();
    RunReader& reader = readers[run];
    ZEUS_RETURN_IF_ERROR(sink(reader.time(), reader.line()));
    ZEUS_ASSIGN_OR_RETURN(const bool more, reader.Next());
    if (more) heads.emplace(reader.time(), run);
  }
  return {};
}

Result<SortedRows> RowSorter::Finish() {
  ZEUS_ASSIGN_OR_RETURN(SortedRowsWriter writer, SortedRowsWriter::Create(folder_));
  const Sink sink = [&](Time time, std::string_view line) { return writer.Append(time, line); };
  if (levels_.empty()) {
    ZEUS_RETURN_IF_ERROR(SortedMemoryTo(sink));
    return writer.Finish();
  }
  if (!rows_.empty()) ZEUS_RETURN_IF_ERROR(SpillMemory());
  rows_ = {};
  lines_ = {};
  std::vector<UniqueFd> runs;
  for (; !levels_.empty(); levels_.pop_back()) {
    std::ranges::move(levels_.back(), std::back_inserter(runs));
  }
  ZEUS_RETURN_IF_ERROR(Merge(std::move(runs), sink));
  return writer.Finish();
}

}  // namespace zeus::capriccio
