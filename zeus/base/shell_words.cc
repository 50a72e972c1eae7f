#include "zeus/base/shell_words.h"

#include <algorithm>
#include <string_view>

namespace zeus {

std::string ShellWord(const std::string& word) {
  constexpr std::string_view kPlain = "%+,-./:=@_";
  const bool plain = !word.empty() && std::ranges::all_of(word, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kPlain.find(c) != kPlain.npos;
  });
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string JoinShellWords(std::span<const std::string> words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + ShellWord(word);
  return line;
}

Result<std::vector<std::string>> SplitShellWords(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r\n";
  constexpr std::string_view kEscapedInDouble = "$`\"\\";
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '\0' && kBlank.find(c) != kBlank.npos) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    const bool last = i + 1 == line.size();
    if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote && quote != '\0') {
      quote = '\0';
    } else if (c == '\\' && quote == '\0') {
      if (last) return Fail(ErrorCode::kInvalidArgument, "it ends in a backslash");
      words.back() += line[++i];
    } else if (c == '\\' && quote == '"' && !last && kEscapedInDouble.find(line[i + 1]) != kEscapedInDouble.npos) {
      words.back() += line[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote != '\0') return Fail(ErrorCode::kInvalidArgument, "a quote is not closed");
  return words;
}

}  // namespace zeus
