#include "apps/zeus/run_flags.h"

#include "apps/zeus/number_flags.h"
#include "apps/zeus/number_range.h"
#include "zeus/base/number_text.h"
#include "zeus/base/shell_words.h"
#ifdef ZEUS_SERVICES
#include "apps/zeus/server_connection.h"
#endif

namespace zeus {
namespace {

constexpr double kLongestTimeout = 1e9;

void AddDecisionFlags(CLI::App& command, RunFlags& flags) {
  command.add_flag("--observer", flags.observer, "Find the best power limits, but train at the maximum");
  command.add_option("--recurrences", flags.recurrences, "How often the job recurs")
      ->type_name("N")
      ->transform(IntegerText());
  command.add_option("--eta", flags.eta, "Weight of energy against time, from 0 (time only) to 1 (energy only) [0.5]")
      ->type_name("NUMBER")
      ->transform(NumberText());
  command.add_option("--beta", flags.beta, "A try may cost this many times the cheapest recurrence; inf: no limit [2]")
      ->type_name("NUMBER")
      ->transform(NumberText());
  command.add_option("--seed", flags.seed, "Seed of the policy; the tries get it, and one more each [1]")
      ->type_name("N")
      ->transform(CountText());
  command
      .add_option("--batch-policy", flags.batch_policy,
                  "Who chooses batch sizes: pruned-thompson, thompson, default, or a plugin's name\n[pruned-thompson]")
      ->type_name("NAME");
  command.add_option("--plugin", flags.plugins, "Shared object with a batch-size policy of one's own; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("--window", flags.window, "How many of a batch size's latest results count; 0: all [0]")
      ->type_name("N")
      ->transform(CountText());
}

#ifdef ZEUS_SERVICES
// After the flags that do not go with a server.
void AddServedFlags(CLI::App& command, RunFlags& flags) {
  CLI::Option* const server =
      AddServerFlags(command, "Let this server choose and remember: http://HOST:PORT or unix:FILE", flags.server);
  for (const char* const other : {"--resume", "--dry-run", "--batch-policy", "--plugin"}) server->excludes(other);
  command.get_option("--token-file")->needs(server);
  command.add_option("--job-id", flags.job_id, "The server's name of the job [DATASET/NETWORK/OPTIMIZER]")
      ->type_name("NAME")
      ->needs(server);
}
#endif

}  // namespace

void AddRunFlags(CLI::App& command, RunFlags& flags) {
  command.add_option("job", flags.job, "The job file")->type_name("JOB.toml")->required();
  AddDecisionFlags(command, flags);
  command.add_option("--log-dir", flags.log_dir, "Folder below which the run gets a folder of its own")
      ->type_name("DIR")
      ->capture_default_str();
  command.add_option("--timeout", flags.timeout, "End a try that takes longer, and fail")
      ->type_name("SECONDS")
      ->transform(NumberFrom(0.001, kLongestTimeout));
  command.add_option("--resume", flags.resume, "Go on with the run in this log folder")->type_name("DIR");
  command.add_flag("--dry-run", flags.dry_run, "Tell how the first try would be run, and touch nothing");
#ifdef ZEUS_SERVICES
  AddServedFlags(command, flags);
#endif
  command.add_option("--plot", flags.plot, "Draw the cost of each recurrence as an SVG picture")->type_name("FILE");
  command.add_flag("--json", flags.json, "Print JSON instead of a table; the training's output goes to standard error");
  command.add_flag("--quiet", flags.quiet, "Do not show the training's output");
}

std::string GoOnCommand(const RunFlags& flags, const std::filesystem::path& folder, int64_t left) {
  std::vector<std::string> words = {"zeus", "run", flags.job};
  const auto add = [&](const char* flag, const auto& value, const auto& text) {
    if (!value) return;
    words.emplace_back(flag);
    words.push_back(text(*value));
  };
  const auto integer = [](auto value) { return std::to_string(value); };
  const auto add_text = [&](const char* flag, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {flag, value});
  };
  if (flags.observer) words.emplace_back("--observer");
  add("--recurrences", flags.is_served() ? std::optional(left) : flags.recurrences, integer);
  add("--eta", flags.eta, ShortestTextWhole);
  add("--beta", flags.beta, ShortestTextWhole);
  add("--seed", flags.seed, integer);
  add_text("--batch-policy", flags.batch_policy);
  for (const std::string& plugin : flags.plugins) add_text("--plugin", plugin);
  add("--window", flags.window, integer);
  add("--timeout", flags.timeout, ShortestTextWhole);
  if (flags.is_served()) {
    add_text("--server", flags.server.url);
    add_text("--token-file", flags.server.token_file);
    add_text("--job-id", flags.job_id);
  } else {
    add_text("--resume", folder.string());
  }
  add_text("--plot", flags.plot);
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + ShellWord(word);
  return line;
}

}  // namespace zeus
