#include "apps/zeusd/node_serve_command.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "apps/zeus/journal_folder.h"
#include "apps/zeus/number_flags.h"
#include "apps/zeus/serve_log.h"
#include "apps/zeus/serve_loop.h"
#include "apps/zeus/serve_settings.h"
#include "apps/zeusd/least_privilege.h"
#include "apps/zeusd/node_devices.h"
#include "services/http/request_metrics.h"
#include "services/http/server.h"
#include "services/node_daemon/node_daemon.h"
#include "zeus/base/noted_signals.h"
#include "zeus/base/wall_time.h"
#include "zeus/control/leftovers.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeusd serve\n"
    "  zeusd serve --socket-permissions 660 --socket-gid 1000 --enable gpu-control,gpu-read\n"
    "  zeusd serve --mode tcp --tcp-bind-address 0.0.0.0:4938 --signing-key-path key --enable gpu-read\n"
    "  zeus emulate --gpus v100x4 -- zeusd serve --socket-path zeusd.sock --enable gpu-control,gpu-read";

struct NodeServeFlags {
  std::string mode = "uds";
  std::string socket_path = "/run/zeusd/zeusd.sock";
  std::string socket_permissions = "666";
  std::optional<uint32_t> socket_uid;
  std::optional<uint32_t> socket_gid;
  std::string tcp_bind_address = "127.0.0.1:4938";
  uint32_t workers = 1;
  uint32_t gpu_poll_hz = 20;
  uint32_t cpu_poll_hz = 10;
  std::string gpu_backend = "auto";
  std::vector<std::string> enable;
  std::string overrides;
  std::string signing_key_path;
  bool allow_unprivileged = false;
  bool restore_unleased = false;
  std::string journal_folder;
  std::string log_level;
};

// The published daemon's variable, where it holds a level alone.
std::string EnvironmentLevel() {
  const char* const value = std::getenv("RUST_LOG");
  const std::string level = value == nullptr ? "" : value;
  if (level == "warn") return "warning";
  if (level == "trace") return "debug";
  return std::ranges::find(kLogLevels, level) == kLogLevels.end() ? "info" : level;
}

Result<std::vector<ApiGroup>> GroupsOf(const NodeServeFlags& flags) {
  std::vector<ApiGroup> groups;
  for (const std::string& name : flags.enable) {
    const Result<ApiGroup> group = ParseApiGroup(name);
    if (!group) return Fail(group.error().code, "--enable: " + group.error().message);
    if (std::ranges::find(groups, *group) == groups.end()) groups.push_back(*group);
  }
  return groups;
}

Result<mode_t> PermissionsOf(const std::string& text) {
  constexpr int kOctal = 8;
  constexpr uint32_t kMost = 07777;
  uint32_t permissions = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), permissions, kOctal);
  if (error == std::errc() && end == text.data() + text.size() && permissions <= kMost) return permissions;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("--socket-permissions {}: Failed to parse socket permissions: expected octal digits, such as "
                          "666",
                          text));
}

// Where to listen; makes the socket's folder.
Result<http::ServerOptions> OptionsOf(const NodeServeFlags& flags) {
  http::ServerOptions options;
  options.threads = flags.workers;
  if (flags.mode == "tcp") {
    Result<http::TcpAddress> address = http::ParseHostPort(flags.tcp_bind_address);
    if (!address) {
      return Fail(address.error().code,
                  fmt::format("--tcp-bind-address {}: {}", flags.tcp_bind_address, address.error().message));
    }
    options.tcp = *std::move(address);
    return options;
  }
  options.socket = flags.socket_path;
  ZEUS_ASSIGN_OR_RETURN(options.socket_access.permissions, PermissionsOf(flags.socket_permissions));
  options.socket_access.owner = flags.socket_uid;
  options.socket_access.group = flags.socket_gid;
  const std::filesystem::path folder = options.socket->parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("--socket-path: cannot make the folder {}: {}", folder.string(), error.message()));
  }
  return options;
}

Result<std::shared_ptr<const http::BearerGuard>> GuardOf(const std::string& signing_key_path) {
  if (signing_key_path.empty()) return nullptr;
  ZEUS_ASSIGN_OR_RETURN(http::SigningKey key, http::SigningKey::Read(signing_key_path));
  http::BearerGuard::Rules rules{
      .realm = "zeusd", .scopes = ApiGroupNames(), .now_s = [] { return NowMilliseconds() / 1000; }};
  return std::make_shared<const http::BearerGuard>(std::move(key), std::move(rules));
}

Result<CommandOverrides> OverridesOf(const std::string& file, const ServeLog& log) {
  if (file.empty()) return CommandOverrides();
  std::vector<std::string> notes;
  Result<CommandOverrides> overrides = CommandOverrides::Read(file, notes);
  for (const std::string& note : notes) log.Tell("warning", note);
  return overrides;
}

// What a daemon that was killed had changed under leases.
void RestoreLeases(const NodeDevices& devices, const std::filesystem::path& folder, const ServeLog& log) {
  const auto leftovers = RestoreLeftovers(folder, devices.gpus, LeftoverMode::kRestore, std::chrono::system_clock::now);
  if (!leftovers) return log.Tell("warning", leftovers.error().message);
  for (const Leftover& each : *leftovers) {
    if (each.state == LeftoverState::kNoSuchGpu || each.state == LeftoverState::kHeld) continue;
    log.Tell(IsProblem(each) ? "error" : "info", each.message, {{"uuid", each.uuid}});
  }
}

Result<void> Serve(const NodeServeFlags& flags, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(std::vector<ApiGroup> groups, GroupsOf(flags));
  ZEUS_ASSIGN_OR_RETURN(http::ServerOptions options, OptionsOf(flags));
  const ServeLog log(flags.log_level.empty() ? EnvironmentLevel() : flags.log_level);
  ZEUS_ASSIGN_OR_RETURN(CommandOverrides overrides, OverridesOf(flags.overrides, log));
  const auto requests = std::make_shared<http::RequestMetrics>();
  options.log = [requests, log](const http::AccessRecord& record) {
    requests->Observe(record);
    log.Tell(record);
  };
  ZEUS_ASSIGN_OR_RETURN(const std::shared_ptr<const http::BearerGuard> guard, GuardOf(flags.signing_key_path));
  if (options.tcp && !guard) log.Tell("warning", "whoever reaches this address may use all of it: there is no key");
  std::optional<std::string> socket;
  if (options.socket) socket = options.socket->string();

  // What only an almighty root can do is done here: the socket in anybody's folder, given to anybody.
  ZEUS_ASSIGN_OR_RETURN(const std::unique_ptr<http::Server> server, http::Server::Listen(std::move(options)));
  ZEUS_RETURN_IF_ERROR(
      GiveUpPrivileges(groups.empty() ? std::vector<ApiGroup>(kAllApiGroups.begin(), kAllApiGroups.end()) : groups,
                       overrides.empty() ? NewPrivileges::kRefused : NewPrivileges::kAllowed));
  ZEUS_ASSIGN_OR_RETURN(const NodeDevices devices,
                        OpenNodeDevices({.gpu_backend = flags.gpu_backend, .groups = std::move(groups)}));
  for (const std::string& problem : devices.inventory->problems()) log.Tell("warning", problem);
  const bool controls = std::ranges::find(devices.groups, ApiGroup::kGpuControl) != devices.groups.end();
  if (!overrides.empty() && !controls) {
    log.Tell("warning", "--gpu-command-overrides: ignored, because gpu-control is not enabled");
  }
  const ControlBy control_by = overrides.empty() ? ControlBy::kLibrary : ControlBy::kCommands;
  if (!flags.allow_unprivileged) ZEUS_RETURN_IF_ERROR(CheckPrivileges(devices.groups, control_by));

  // A daemon that changes nothing has nothing to note.
  std::filesystem::path journal;
  if (controls) {
    journal = flags.journal_folder.empty() ? JournalFolder() : std::filesystem::path(flags.journal_folder);
    RestoreLeases(devices, journal, log);
  }
  const NotedSignals signals;
  NodeDaemon daemon(
      devices.gpus, devices.cpus,
      {.groups = devices.groups,
       .gpu_poll_period = Seconds(1.0 / flags.gpu_poll_hz),
       .cpu_poll_period = Seconds(1.0 / flags.cpu_poll_hz),
       .guard = guard,
       .overrides = std::move(overrides),
       .log = [log](std::string_view level, std::string_view message,
                    const http::NamedTexts& fields) { log.Tell(level, message, fields); },
       .keeping = {.journal = journal, .unleased = flags.restore_unleased ? Unleased::kRestored : Unleased::kStay},
       .requests = requests});
  server->Serve(daemon.Routes());
  const Result<void> served = ServeUntilSignal(*server, socket, signals, console);
  if (served) log.Tell("info", "finishing what is under way");
  // In this order: what is asked of devices still answers to the server.
  server->Stop();
  daemon.Stop();
  return served;
}

}  // namespace

void AddNodeServeCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<NodeServeFlags>();
  CLI::App* const command = app.add_subcommand("serve", "Answer for this machine's GPUs and CPUs over HTTP");
  command->add_option("--mode", flags->mode, "Listen on a Unix socket, uds, or on tcp [uds]")
      ->check(CLI::IsMember({"uds", "tcp"}));
  command->add_option("--socket-path", flags->socket_path, "The Unix socket [/run/zeusd/zeusd.sock]")
      ->type_name("FILE");
  command->add_option("--socket-permissions", flags->socket_permissions, "Its permissions, in octal digits [666]")
      ->type_name("OCTAL");
  command->add_option("--socket-uid", flags->socket_uid, "The user that it is given to [this one]")
      ->transform(TextOf<uint32_t>());
  command->add_option("--socket-gid", flags->socket_gid, "The group that it is given to [this one]")
      ->transform(TextOf<uint32_t>());
  command->add_option("--tcp-bind-address", flags->tcp_bind_address, "Where tcp listens; port 0: any [127.0.0.1:4938]")
      ->type_name("HOST:PORT");
  command
      ->add_option("--num-workers", flags->workers,
                   "Threads that answer, each some of the clients; every device has its own besides [1]")
      ->transform(TextOf<uint32_t>())
      ->check(CLI::Range(1U, 4096U));
  command->add_option("--gpu-power-poll-hz", flags->gpu_poll_hz, "How often streams read a GPU's power [20]")
      ->transform(TextOf<uint32_t>())
      ->check(CLI::Range(1U, 10000U));
  command
      ->add_option("--cpu-power-poll-hz", flags->cpu_poll_hz,
                   "How often streams read a CPU's energy, and over what part of a second /cpu/get_power measures [10]")
      ->transform(TextOf<uint32_t>())
      ->check(CLI::Range(1U, 10000U));
  command->add_option("--gpu-backend", flags->gpu_backend, "Whose GPUs: auto, nvml or amdsmi [auto]")
      ->check(CLI::IsMember({"auto", "nvml", "amdsmi"}));
  command
      ->add_option("--enable", flags->enable,
                   "What can be asked for: some of gpu-control, gpu-read, cpu-read [all that there are devices for]")
      ->type_name("GROUP,...")
      ->delimiter(',');
  command
      ->add_option("--gpu-command-overrides", flags->overrides,
                   "TOML file with commands that change settings in the place of the GPUs' library")
      ->type_name("FILE");
  command
      ->add_option("--signing-key-path", flags->signing_key_path,
                   "Ask for tokens that `zeusd token issue` made with this key, a file of any bytes [nobody is asked]")
      ->type_name("FILE");
  command->add_flag("--allow-unprivileged", flags->allow_unprivileged,
                    "Start without root, too; what the system then refuses is answered with 403");
  command->add_flag("--restore-unleased", flags->restore_unleased,
                    "Put back, at the end and after a kill on the next start, also what was changed without a lease");
  command
      ->add_option("--journal-folder", flags->journal_folder,
                   "Where it notes what to put back; one that the machine forgets when it starts anew "
                   "[/run/zeus/journal]")
      ->type_name("DIR");
  command
      ->add_option("--log-level", flags->log_level,
                   "What to tell on standard error, in lines of JSON; debug: every request; also RUST_LOG [info]")
      ->type_name("LEVEL")
      ->check(CLI::IsMember(std::vector<std::string>(kLogLevels.begin(), kLogLevels.end())));
  command->footer(kExamples);
  command->callback(
      [&invocation, flags] { invocation.action = [flags](const Console& console) { return Serve(*flags, console); }; });
}

}  // namespace zeus
