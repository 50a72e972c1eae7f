#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "apps/zeus/command.h"

/// Completion scripts are made from the program's own flags, so that they cannot fall behind them.
namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus completion bash > ~/.local/share/bash-completion/completions/zeus\n"
    "  zeus completion zsh > ~/.zfunc/_zeus      # with ~/.zfunc in fpath\n"
    "  zeus completion fish > ~/.config/fish/completions/zeus.fish";

struct CommandFlags {
  std::string path;  // "trace check"
  std::string description;
  std::vector<std::string> subcommands;
  std::vector<const CLI::Option*> options;
  bool takes_paths = false;
};

void Collect(const CLI::App& app, const std::string& path, std::vector<CommandFlags>* all) {
  CommandFlags flags{
      .path = path, .description = app.get_description(), .subcommands = {}, .options = {}, .takes_paths = false};
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_lnames().empty()) flags.options.push_back(option);
    if (option->get_name() == "PATH") flags.takes_paths = true;
  }
  const std::vector<const CLI::App*> subcommands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* subcommand : subcommands) flags.subcommands.push_back(subcommand->get_name());
  all->push_back(std::move(flags));
  for (const CLI::App* subcommand : subcommands) {
    Collect(*subcommand, path.empty() ? subcommand->get_name() : path + " " + subcommand->get_name(), all);
  }
}

std::string LongName(const CLI::Option& option) {
  return "--" + option.get_lnames().front();
}

bool TakesFile(const CLI::Option& option) {
  return option.get_type_name() == "FILE" || option.get_type_name() == "DIR" || option.get_type_name() == "PATH";
}

// One line of help without what quotes would break.
std::string Plain(const std::string& text) {
  std::string plain;
  for (const char c : text) {
    if (c == '\n') {
      plain += ' ';
    } else if (c == '[' || c == ']' || c == ':' || c == '\'' || c == '"' || c == '`' || c == '$' || c == '\\') {
      continue;
    } else {
      plain += c;
    }
  }
  return plain;
}

std::string Words(const CommandFlags& flags) {
  std::string words;
  for (const std::string& subcommand : flags.subcommands) words += subcommand + " ";
  for (const CLI::Option* option : flags.options) words += LongName(*option) + " ";
  words.erase(words.find_last_not_of(' ') + 1);
  return words;
}

// The shell code that finds which command the words before the cursor name.
std::string BashScript(const std::vector<CommandFlags>& all) {
  std::string script =
      "# bash completion of zeus, written by `zeus completion bash`\n"
      "_zeus() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path='' word\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$path $word\" in\n";
  for (const CommandFlags& flags : all) {
    if (flags.path.empty()) continue;
    script += fmt::format("      \" {0}\") path=\" {0}\" ;;\n", flags.path);
  }
  script += "    esac\n  done\n  case \"$prev\" in\n";
  std::vector<std::string> file_flags;
  for (const CommandFlags& flags : all) {
    for (const CLI::Option* option : flags.options) {
      const std::string name = LongName(*option);
      if (TakesFile(*option) && std::ranges::find(file_flags, name) == file_flags.end()) file_flags.push_back(name);
    }
  }
  script += fmt::format("    {}) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", fmt::join(file_flags, "|"));
  script += "  esac\n  case \"$path\" in\n";
  for (const CommandFlags& flags : all) {
    script += fmt::format("    \"{}\") COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")) ;;\n",
                          flags.path.empty() ? "" : " " + flags.path, Words(flags));
  }
  script +=
      "  esac\n  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n}\n"
      "complete -o filenames -F _zeus zeus\n";
  return script;
}

std::string ZshScript(const std::vector<CommandFlags>& all) {
  // The name path is taken: in zsh it is the search path.
  std::string script =
      "#compdef zeus\n# zsh completion of zeus, written by `zeus completion zsh`\n_zeus() {\n"
      "  local named='' word\n  for word in \"${(@)words[2,CURRENT-1]}\"; do\n    case \"$named $word\" in\n";
  for (const CommandFlags& flags : all) {
    if (!flags.path.empty()) script += fmt::format("      \" {0}\") named=\" {0}\" ;;\n", flags.path);
  }
  script += "    esac\n  done\n  local -a entries\n  case \"$named\" in\n";
  for (const CommandFlags& flags : all) {
    script += fmt::format("    \"{}\") entries=(", flags.path.empty() ? "" : " " + flags.path);
    for (const CommandFlags& other : all) {
      const size_t space = other.path.rfind(' ');
      const std::string parent = space == std::string::npos ? "" : other.path.substr(0, space);
      if (other.path.empty() || parent != flags.path) continue;
      script += fmt::format(" '{}:{}'", other.path.substr(space == std::string::npos ? 0 : space + 1),
                            Plain(other.description));
    }
    for (const CLI::Option* option : flags.options) {
      script += fmt::format(" '{}:{}'", LongName(*option), Plain(option->get_description()));
    }
    script += " ) ;;\n";
  }
  // Loaded by name, the file is the function's first call; sourced, it is not.
  script +=
      "  esac\n  _describe 'zeus' entries\n  _files\n}\n"
      "if [[ ${funcstack[1]} == _zeus ]]; then _zeus \"$@\"; else compdef _zeus zeus; fi\n";
  return script;
}

std::string FishScript(const std::vector<CommandFlags>& all) {
  std::string script = "# fish completion of zeus, written by `zeus completion fish`\ncomplete -c zeus -f\n";
  for (const CommandFlags& flags : all) {
    std::string condition = "__fish_use_subcommand";
    if (!flags.path.empty()) {
      condition.clear();
      std::string_view rest = flags.path;
      while (!rest.empty()) {
        const size_t space = rest.find(' ');
        condition +=
            fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", rest.substr(0, space));
        rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
      }
    }
    for (const CommandFlags& other : all) {
      const size_t space = other.path.rfind(' ');
      const std::string parent = space == std::string::npos ? "" : other.path.substr(0, space);
      if (other.path.empty() || parent != flags.path) continue;
      script += fmt::format("complete -c zeus -n '{}' -a {} -d '{}'\n", condition,
                            other.path.substr(space == std::string::npos ? 0 : space + 1), Plain(other.description));
    }
    if (flags.takes_paths) script += fmt::format("complete -c zeus -n '{}' -F\n", condition);
    for (const CLI::Option* option : flags.options) {
      script += fmt::format("complete -c zeus -n '{}' -l {} {}-d '{}'\n", condition, option->get_lnames().front(),
                            TakesFile(*option) ? "-r -F " : (option->get_items_expected_max() > 0 ? "-x " : ""),
                            Plain(option->get_description()));
    }
  }
  return script;
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Invocation& invocation) {
  auto shell = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand("completion", "Print a completion script for a shell");
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->type_name("SHELL");
  command->footer(kExamples);
  command->callback([&app, &invocation, shell] {
    invocation.action = [&app, shell](const Console& console) -> Result<void> {
      std::vector<CommandFlags> all;
      Collect(app, "", &all);
      if (*shell == "bash") return console.Print(BashScript(all));
      if (*shell == "zsh") return console.Print(ZshScript(all));
      if (*shell == "fish") return console.Print(FishScript(all));
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("no completion for \"{}\"; there are: bash, zsh, fish", *shell));
    };
  });
}

}  // namespace zeus
