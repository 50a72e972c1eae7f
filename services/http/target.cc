#include "services/http/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "zeus/base/text_file.h"

namespace zeus::http {
namespace {

enum class Plus { kIsItself, kIsSpace };

std::optional<int> HexDigit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return std::nullopt;
}

// Nothing in it stands for anything else, or may be invalid: true of most targets.
bool IsPlain(std::string_view text) {
  unsigned char special = 0;  // No way out of the loop, and no bool: compilers then take many characters at once.
  for (const char character : text) {
    special |= static_cast<unsigned char>(character < ' ' || character > '~' || character == '%' || character == '+');
  }
  return special == 0;
}

Result<std::string> Decode(std::string_view text, Plus plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::kIsSpace) {
      decoded += ' ';
    } else if (text[i] == '%') {
      const auto high = i + 2 < text.size() ? HexDigit(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? HexDigit(text[i + 2]) : std::nullopt;
      if (!high || !low) {
        return Fail(ErrorCode::kInvalidArgument, "the target has a % without two hexadecimal digits after it");
      }
      decoded += static_cast<char>(*high * 16 + *low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  if (decoded.find('\0') != std::string::npos || !ToText(decoded, "target") || decoded.starts_with("\xEF\xBB\xBF")) {
    return Fail(ErrorCode::kInvalidArgument, "the target is not UTF-8 text");
  }
  return decoded;
}

size_t PiecesOf(std::string_view text, char separator) {
  return static_cast<size_t>(std::ranges::count(text, separator)) + 1;
}

// Calls `take` with each piece between separators; stops at the first error.
template <class Take>
Result<void> ForEachPiece(std::string_view text, char separator, Take take) {
  while (true) {
    const size_t end = text.find(separator);
    ZEUS_RETURN_IF_ERROR(take(text.substr(0, end)));
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<Target> ParseTarget(std::string_view text) {
  if (!text.starts_with('/')) return Fail(ErrorCode::kInvalidArgument, "the target does not begin with /");
  const size_t question = text.find('?');
  const auto decode = [is_plain = IsPlain(text)](std::string_view piece, Plus plus) -> Result<std::string> {
    if (is_plain) return std::string(piece);
    return Decode(piece, plus);
  };
  const std::string_view path = text.substr(1, question - 1);
  Target target;
  target.segments.reserve(PiecesOf(path, '/'));
  ZEUS_RETURN_IF_ERROR(ForEachPiece(path, '/', [&](std::string_view piece) -> Result<void> {
    ZEUS_ASSIGN_OR_RETURN(std::string segment, decode(piece, Plus::kIsItself));
    target.segments.push_back(std::move(segment));
    return {};
  }));
  if (question == std::string_view::npos) return target;
  const std::string_view query = text.substr(question + 1);
  target.query.reserve(PiecesOf(query, '&'));
  ZEUS_RETURN_IF_ERROR(ForEachPiece(query, '&', [&](std::string_view piece) -> Result<void> {
    if (piece.empty()) return {};
    const size_t equals = piece.find('=');
    ZEUS_ASSIGN_OR_RETURN(std::string name, decode(piece.substr(0, equals), Plus::kIsSpace));
    std::string value;
    if (equals != std::string_view::npos) {
      ZEUS_ASSIGN_OR_RETURN(value, decode(piece.substr(equals + 1), Plus::kIsSpace));
    }
    target.query.emplace_back(std::move(name), std::move(value));
    return {};
  }));
  return target;
}

std::string EscapeForTarget(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string escaped;
  for (const char character : text) {
    if (kPlain.find(character) != std::string_view::npos) {
      escaped += character;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(character));
    }
  }
  return escaped;
}

}  // namespace zeus::http
