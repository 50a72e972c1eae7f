// usage: emulate emulate --gpus LIST | --config FILE -- COMMAND...
//
// `zeus emulate` and no other command: the thread sanitizer's build has no use for the rest, which takes minutes to
// compile. Beside it lies what `zeus emulate` has beside it. Exits with the command's code; 1 and 2 are its own, too.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/configuration/environment.h"
#include "emulator/machine/machine.h"
#include "zeus/base/child_process.h"
#include "zeus/base/text_file.h"

namespace {

zeus::Result<int> Emulate(std::string_view kind, const std::string& value, const std::vector<std::string>& command) {
  const zeus::Result<std::string> text = kind == "--gpus"
                                             ? zeus::emulator::ConfigurationOfGpus(value)
                                             : zeus::ReadTextFile(value, zeus::emulator::kMaxConfigurationBytes);
  if (!text) return std::unexpected(text.error());
  const std::string state = "/dev/shm/zeus-emulator." + std::to_string(::geteuid()) + "." + std::to_string(::getpid());
  const auto machine = zeus::emulator::Machine::Join(state, *text, value);
  if (!machine) return std::unexpected(machine.error());
  if (!(*machine)->configuration().missing_symbols.empty()) {
    return zeus::Fail(zeus::ErrorCode::kInvalidArgument, value + ": missing_symbols are zeus emulate's alone");
  }
  std::string folders =
      std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib" / "zeus-emulator";
  if (const char* const before = std::getenv("LD_LIBRARY_PATH"); before != nullptr)
    folders += std::string(":") + before;
  const auto end = zeus::RunInForeground(
      {.arguments = command, .environment = {{"LD_LIBRARY_PATH", folders}, {zeus::emulator::kStateVariable, state}}});
  if (!end) return std::unexpected(end.error());
  return end->exit_code;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments, arguments + count);
  if (count < 6 || words[1] != "emulate" || (words[2] != "--gpus" && words[2] != "--config") || words[4] != "--") {
    std::fputs("usage: emulate emulate --gpus LIST | --config FILE -- COMMAND...\n", stderr);
    return 2;
  }
  const zeus::Result<int> code = Emulate(words[2], words[3], {words.begin() + 5, words.end()});
  if (code) return *code;
  std::fprintf(stderr, "emulate: %s\n", code.error().message.c_str());
  return 1;
}
