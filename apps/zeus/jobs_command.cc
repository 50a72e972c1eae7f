#include <memory>

#include "apps/zeus/command.h"
#include "apps/zeus/jobs_report.h"
#include "apps/zeus/server_connection.h"

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
  ServerFlags server{.url = kDefaultServer, .token_file = {}};
  std::string job_id;
  bool json = false;
};

Result<void> List(const JobsFlags& flags, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(BatchSizeClient client, Connect(flags.server));
  ZEUS_ASSIGN_OR_RETURN(const std::string jobs, client.ListJobs());
  if (flags.json) return console.Print(jobs + "\n");
  ZEUS_ASSIGN_OR_RETURN(const std::string text, JobsText(jobs, console));
  return console.Print(text);
}

Result<void> Show(const JobsFlags& flags, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(BatchSizeClient client, Connect(flags.server));
  ZEUS_ASSIGN_OR_RETURN(const std::string job, client.ShowJob(flags.job_id));
  if (flags.json) return console.Print(job + "\n");
  ZEUS_ASSIGN_OR_RETURN(const std::string text, JobText(job, console));
  return console.Print(text);
}

Result<void> Delete(const JobsFlags& flags, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(BatchSizeClient client, Connect(flags.server));
  ZEUS_RETURN_IF_ERROR(client.DeleteJob(flags.job_id));
  return console.Print("Deleted, with its trials.\n");
}

CLI::App* AddAction(CLI::App& app, Invocation& invocation, const std::shared_ptr<JobsFlags>& flags, const char* name,
                    const char* description, Result<void> (*run)(const JobsFlags&, const Console&)) {
  CLI::App* const command = app.add_subcommand(name, description);
  AddServerFlags(*command, "The server: http://HOST:PORT or unix:FILE", flags->server)
      ->envname("ZEUS_SERVER")
      ->capture_default_str();
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
