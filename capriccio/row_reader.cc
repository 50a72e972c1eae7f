#include "capriccio/row_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace zeus::capriccio {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 17;
constexpr size_t kDamagesKept = 3;

// The column's name in UTF-8, as flags have it.
std::string NameOf(const CsvField& field, Encoding encoding) {
  std::string name;
  for (size_t i = 0; i < field.text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(field.text[i]);
    if (byte >= 0x80 && encoding == Encoding::kLatin1) {
      name += static_cast<char>(0xC0 | (byte >> 6));
      name += static_cast<char>(0x80 | (byte & 0x3F));
    } else {
      name += field.text[i];
    }
    if (byte == '"' && field.doubled_quotes) ++i;
  }
  return name;
}

}  // namespace

Result<RowReader> RowReader::Open(std::string source, ReadBytes read, TextLayout layout, OnDamage on_damage) {
  RowReader reader(std::move(source), std::move(read), on_damage);
  reader.format_ = layout.format;
  ZEUS_RETURN_IF_ERROR(reader.Fill());
  if (reader.unread().starts_with("\xEF\xBB\xBF")) reader.at_ = 3;
  if (layout.format == TextFormat::kCsv && layout.has_header) {
    ZEUS_ASSIGN_OR_RETURN(layout, reader.ReadHeader(std::move(layout)));
  }
  ZEUS_ASSIGN_OR_RETURN(reader.writer_, RowWriter::Create(std::move(layout)));
  return reader;
}

Result<TextLayout> RowReader::ReadHeader(TextLayout layout) {
  ZEUS_RETURN_IF_ERROR(PassOverBlankLines());
  ZEUS_ASSIGN_OR_RETURN(const std::optional<RowDamage> damage, ReadRecord());
  if (damage || unread().empty()) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}:{}: expected a header that names the columns{}", source_,
                                                     line_, damage ? ": " + damage->message : ""));
  }
  layout.columns.clear();
  for (const CsvField& field : fields_) layout.columns.push_back(NameOf(field, layout.encoding));
  Consume(record_bytes_);
  return layout;
}

Result<void> RowReader::Fill() {
  buffer_.erase(0, at_);
  at_ = 0;
  const size_t before = buffer_.size();
  buffer_.resize(before + kChunkBytes);
  const Result<size_t> got = read_(buffer_.data() + before, kChunkBytes);
  buffer_.resize(before + got.value_or(0));
  if (!got) return std::unexpected(got.error());
  at_end_ = *got == 0;
  return {};
}

Result<void> RowReader::PassOverBlankLines() {
  while (true) {
    while (at_ < buffer_.size() && (buffer_[at_] == '\n' || buffer_[at_] == '\r')) Consume(1);
    if (at_ < buffer_.size() || at_end_) return {};
    ZEUS_RETURN_IF_ERROR(Fill());
  }
}

void RowReader::Consume(size_t bytes) {
  const std::string_view passed = unread().substr(0, bytes);
  line_ += static_cast<uint64_t>(std::ranges::count(passed, '\n'));
  at_ += bytes;
}

// Sets record_bytes_ and, for CSV, fields_ for the record at at_.
Result<std::optional<RowDamage>> RowReader::ReadRecord() {
  while (true) {
    if (format_ == TextFormat::kJsonLines) {
      const size_t end = unread().find('\n');
      if (end != std::string_view::npos || at_end_) {
        record_bytes_ = end == std::string_view::npos ? unread().size() : end + 1;
        return std::nullopt;
      }
    } else {
      const auto outcome = ReadCsvRecord(unread(), at_end_, &fields_);
      if (const auto* damage = std::get_if<CsvDamage>(&outcome)) return RowDamage{damage->offset, damage->message};
      if (const auto* end = std::get_if<CsvRecordEnd>(&outcome)) {
        record_bytes_ = end->bytes;
        return std::nullopt;
      }
    }
    if (unread().size() > kMaxRowBytes) {
      return RowDamage{0,
                       fmt::format("the row is longer than {} MiB: is a closing quote missing?", kMaxRowBytes >> 20)};
    }
    ZEUS_RETURN_IF_ERROR(Fill());
  }
}

Result<void> RowReader::Damaged(const RowDamage& damage) {
  const std::string_view before = unread().substr(0, damage.offset);
  const auto lines = static_cast<uint64_t>(std::ranges::count(before, '\n'));
  // npos + 1 is 0: no line break before it.
  const size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  std::string message = fmt::format("{}:{}:{}: {}", source_, line_ + lines, column, damage.message);
  if (on_damage_ == OnDamage::kFail) return Fail(ErrorCode::kInvalidData, std::move(message));
  ++damaged_;
  if (damages_.size() < kDamagesKept) damages_.push_back(std::move(message));
  while (true) {
    const size_t end = unread().find('\n');
    if (end != std::string_view::npos) {
      Consume(end + 1);
      return {};
    }
    Consume(unread().size());
    if (at_end_) return {};
    ZEUS_RETURN_IF_ERROR(Fill());
  }
}

Result<std::optional<Time>> RowReader::Next(std::string* line) {
  while (true) {
    bool again = false;
    Result<std::optional<Time>> time = TryNext(line, &again);
    if (!again) return time;
  }
}

Result<std::optional<Time>> RowReader::TryNext(std::string* line, bool* again) {
  ZEUS_RETURN_IF_ERROR(PassOverBlankLines());
  if (unread().empty()) return std::nullopt;
  ZEUS_ASSIGN_OR_RETURN(std::optional<RowDamage> damage, ReadRecord());
  const size_t length_before = line->size();
  if (!damage) {
    const std::string_view record = unread().substr(0, record_bytes_);
    const auto outcome =
        format_ == TextFormat::kCsv ? writer_->AppendCsv(record, fields_, line) : writer_->AppendJson(record, line);
    if (const Time* const time = std::get_if<Time>(&outcome)) {
      Consume(record_bytes_);
      return *time;
    }
    damage = std::get<RowDamage>(outcome);
  }
  line->resize(length_before);
  ZEUS_RETURN_IF_ERROR(Damaged(*damage));
  *again = true;
  return std::nullopt;
}

}  // namespace zeus::capriccio
