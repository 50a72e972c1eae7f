#include <cstdlib>
#include <memory>

#include "apps/zeus/command.h"
#include "apps/zeus/jobs_report.h"
#include "services/batch_size_client/batch_size_client.h"
#include "zeus/base/text_file.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus jobs list > jobs.txt\n"
    "  zeus jobs show birds --json > birds.json\n"
    "  zeus jobs delete birds --server unix:zeus.sock > deleted.txt\n"
    "\n"
    "The server is that of `zeus serve`; ZEUS_SERVER names another than the one that listens on its usual address.";

constexpr const char* kDefaultServer = "http://127.0.0.1:30100";

struct JobsFlags {
  std::string server = kDefaultServer;
  std::string token_file;
  std::string job_id;
  bool json = false;
};

Result<BatchSizeClient> Connect(const JobsFlags& flags) {
  if (flags.token_file.empty()) {
    const char* const token = std::getenv("ZEUS_BSO_TOKEN");
    return BatchSizeClient::Create(flags.server, token == nullptr ? "" : token);
  }
  constexpr uint64_t kMostBytes = uint64_t{1} << 14;
  ZEUS_ASSIGN_OR_RETURN(std::string token, ReadFile(flags.token_file, kMostBytes));
  while (token.ends_with('\n')) token.pop_back();
  return BatchSizeClient::Create(flags.server, token);
}

Result<void> List(const JobsFlags& flags, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(BatchSizeClient client, Connect(flags));
  ZEUS_ASSIGN_OR_RETURN(const std::string jobs, client.ListJobs());
  if (flags.json) return console.Print(jobs + "\n");
  ZEUS_ASSIGN_OR_RETURN(const std::string text, JobsText(jobs, console));
  return console.Print(text);
}

Result<void> Show(const JobsFlags& flags, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(BatchSizeClient client, Connect(flags));
  ZEUS_ASSIGN_OR_RETURN(const std::string job, client.ShowJob(flags.job_id));
  if (flags.json) return console.Print(job + "\n");
  ZEUS_ASSIGN_OR_RETURN(const std::string text, JobText(job, console));
  return console.Print(text);
}

Result<void> Delete(const JobsFlags& flags, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(BatchSizeClient client, Connect(flags));
  ZEUS_RETURN_IF_ERROR(client.DeleteJob(flags.job_id));
  return console.Print("Deleted, with its trials.\n");
}

CLI::App* AddAction(CLI::App& app, Invocation& invocation, const std::shared_ptr<JobsFlags>& flags, const char* name,
                    const char* description, Result<void> (*run)(const JobsFlags&, const Console&)) {
  CLI::App* const command = app.add_subcommand(name, description);
  command->add_option("--server", flags->server, "The server: http://HOST:PORT or unix:FILE")
      ->type_name("URL")
      ->envname("ZEUS_SERVER")
      ->capture_default_str();
  command
      ->add_option("--token-file", flags->token_file,
                   "File with the token that the server asks for [the value of ZEUS_BSO_TOKEN]")
      ->type_name("FILE");
  command->callback([&invocation, flags, run] {
    invocation.action = [flags, run](const Console& console) { return run(*flags, console); };
  });
  return command;
}

}  // namespace

void AddJobsCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<JobsFlags>();
  CLI::App* const command = app.add_subcommand("jobs", "List, show and delete the jobs that a batch-size server knows");
  command->require_subcommand(1);
  command->footer(kExamples);
  CLI::App* const list = AddAction(*command, invocation, flags, "list", "List the jobs", List);
  CLI::App* const show = AddAction(*command, invocation, flags, "show", "Show what is known of a job", Show);
  CLI::App* const remove = AddAction(*command, invocation, flags, "delete", "Forget a job and its trials", Delete);
  for (CLI::App* const one : {list, show}) one->add_flag("--json", flags->json, "Print the server's JSON, not a table");
  for (CLI::App* const one : {show, remove}) {
    one->add_option("job", flags->job_id, "The job's id")->required()->type_name("JOB_ID");
  }
  list->footer("Examples:\n  zeus jobs list --json > jobs.json");
  show->footer("Examples:\n  zeus jobs show birds > birds.txt");
  remove->footer("Examples:\n  zeus jobs delete birds > deleted.txt");
}

}  // namespace zeus
