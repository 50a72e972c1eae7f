#include "apps/zeus/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "zeus/base/text_file.h"

namespace zeus {

Console Console::OfStandardStreams(const char* no_color) {
  Console console;
  console.output_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  console.error_is_terminal = ::isatty(STDERR_FILENO) == 1;
  console.color = console.output_is_terminal && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  const int terminal = console.output_is_terminal ? STDOUT_FILENO : STDERR_FILENO;
  if (::ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) console.width = size.ws_col;
  return console;
}

std::string Console::Styled(Style style, std::string_view text) const {
  if (!color || style == Style::kPlain) return std::string(text);
  std::string_view code;
  switch (style) {
    case Style::kPlain:
    case Style::kBold:
      code = "1";
      break;
    case Style::kDim:
      code = "2";
      break;
    case Style::kGood:
      code = "32";
      break;
    case Style::kBad:
      code = "31";
      break;
  }
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

Result<void> Console::Print(std::string_view text) const {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
  return Fail(ErrorCode::kUnavailable, fmt::format("standard output: cannot write: {}", std::strerror(errno)));
}

void Console::Note(std::string_view text) const {
  std::fputs(fmt::format("{}\n", text).c_str(), stderr);  // A standard error that is full is no reason to die.
}

Result<void> WriteResultFile(const std::string& file, std::string_view content) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status) || std::filesystem::is_directory(status)) {
    return WriteFileAtomically(file, content);
  }
  if (std::filesystem::is_regular_file(status)) {
    const std::filesystem::path target = std::filesystem::canonical(file, error);
    return WriteFileAtomically(error ? std::filesystem::path(file) : target, content);
  }
  const auto fail = [&] {
    return Fail(ErrorCode::kUnavailable, fmt::format("{}: cannot write: {}", file, std::strerror(errno)));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "we"), std::fclose);
  if (stream == nullptr) return fail();
  const bool written = std::fwrite(content.data(), 1, content.size(), stream.get()) == content.size();
  if (!written || std::fflush(stream.get()) != 0) return fail();
  return {};
}

Result<void> WriteOutput(const Console& console, const std::string& file, std::string_view content) {
  return file == "-" ? console.Print(content) : WriteResultFile(file, content);
}

}  // namespace zeus
