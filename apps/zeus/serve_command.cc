#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>

#include "apps/zeus/command.h"
#include "apps/zeus/serve_log.h"
#include "apps/zeus/serve_loop.h"
#include "apps/zeus/serve_settings.h"
#include "services/batch_size_server/routes.h"
#include "services/batch_size_server/scopes.h"
#include "services/http/server.h"
#include "services/page/page.h"
#include "services/store/group_commit.h"
#include "services/store/invariants.h"
#include "services/store/open_store.h"
#include "zeus/base/noted_signals.h"
#include "zeus/base/wall_time.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus serve\n"
    "  zeus serve --listen 127.0.0.1:0 --database sqlite:///jobs.db --log-level debug\n"
    "  zeus serve --socket zeus.sock --database memory:\n"
    "  zeus serve --config serve.toml --log-level warning";

constexpr std::string_view kDefaultListen = "127.0.0.1:30100";
constexpr double kDefaultLeaseSeconds = 86400;

struct ServeFlags {
  ServeSettings settings;
  std::string config;
  bool allow_unauthenticated = false;
};

Result<std::filesystem::path> DefaultFile() {
  const char* const data = std::getenv("XDG_DATA_HOME");
  const char* const home = std::getenv("HOME");
  std::filesystem::path folder;
  if (data != nullptr && *data == '/') {
    folder = data;
  } else if (home != nullptr && *home == '/') {
    folder = std::filesystem::path(home) / ".local" / "share";
  } else {
    return Fail(ErrorCode::kInvalidArgument, "neither XDG_DATA_HOME nor HOME is set: name a file with --database");
  }
  folder /= "zeus";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("cannot make the folder {}: {}", folder.string(), error.message()));
  }
  return folder / "batch_sizes.db";
}

Result<std::unique_ptr<store::Store>> OpenDatabase(const std::string& url) {
  if (url.empty()) {
    ZEUS_ASSIGN_OR_RETURN(const std::filesystem::path file, DefaultFile());
    return store::OpenStore("sqlite:///" + file.string());
  }
  Result<std::unique_ptr<store::Store>> opened = store::OpenStore(url);
  if (!opened && opened.error().code == ErrorCode::kInvalidArgument) {
    return Fail(ErrorCode::kInvalidArgument, "--database: " + opened.error().message);
  }
  return opened;
}

Result<void> CheckStore(store::Store& store) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<std::string> broken, store::FindBrokenInvariants(store));
  if (broken.empty()) return {};
  return Fail(ErrorCode::kInvalidData, fmt::format("the database contradicts itself in {} places, the first: {}",
                                                   broken.size(), broken.front()));
}

uint64_t Entropy() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

std::optional<int64_t> LeaseOf(const ServeSettings& settings) {
  const double lease_s = settings.lease_s.value_or(kDefaultLeaseSeconds);
  if (lease_s == 0) return std::nullopt;
  return std::max<int64_t>(std::llround(lease_s * 1000), 1);
}

Result<ServeSettings> Gather(const ServeFlags& flags) {
  ServeSettings settings = flags.settings;
  if (flags.allow_unauthenticated) settings.allow_unauthenticated = true;
  Complete(&settings, EnvironmentServeSettings());
  if (flags.config.empty()) return settings;
  ZEUS_ASSIGN_OR_RETURN(const ServeSettings from_file, ReadServeSettings(flags.config));
  Complete(&settings, from_file);
  return settings;
}

Result<http::ServerOptions> OptionsOf(const ServeSettings& settings) {
  http::ServerOptions options;
  options.limits.requests_per_second = settings.requests_per_second;
  if (settings.socket) options.socket = *settings.socket;
  if (!settings.listen && settings.socket) return options;
  const std::string_view listen = settings.listen ? *settings.listen : kDefaultListen;
  Result<http::TcpAddress> address = http::ParseHostPort(listen);
  if (!address) return Fail(address.error().code, fmt::format("--listen {}: {}", listen, address.error().message));
  options.tcp = *std::move(address);
  const bool guarded = settings.signing_key_path || settings.allow_unauthenticated.value_or(false);
  if (!options.tcp->IsLoopback() && !guarded) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--listen {}: whoever reaches that address could change and delete jobs; ask for tokens "
                            "with --signing-key-path, listen on 127.0.0.1, or say --allow-unauthenticated",
                            listen));
  }
  return options;
}

Result<std::shared_ptr<const http::BearerGuard>> GuardOf(const ServeSettings& settings) {
  if (!settings.signing_key_path) return nullptr;
  ZEUS_ASSIGN_OR_RETURN(http::SigningKey key, http::SigningKey::Read(*settings.signing_key_path));
  http::BearerGuard::Rules rules{
      .realm = "zeus", .scopes = BatchSizeScopes(), .now_s = [] { return NowMilliseconds() / 1000; }};
  return std::make_shared<const http::BearerGuard>(std::move(key), std::move(rules));
}

Result<void> Serve(const ServeFlags& flags, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(const ServeSettings settings, Gather(flags));
  ZEUS_ASSIGN_OR_RETURN(http::ServerOptions options, OptionsOf(settings));
  const ServeLog log(settings.log_level.value_or("info"));
  if (options.tcp && !options.tcp->IsLoopback() && !settings.signing_key_path) {
    log.Tell("warning", "other machines may reach this server, and nobody is asked who they are");
  }
  ZEUS_ASSIGN_OR_RETURN(const std::shared_ptr<const http::BearerGuard> guard, GuardOf(settings));
  const auto requests = std::make_shared<http::RequestMetrics>();
  options.log = [requests, log](const http::AccessRecord& record) {
    requests->Observe(record);
    log.Tell(record);
  };

  const NotedSignals signals;
  ZEUS_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store, OpenDatabase(settings.database.value_or("")));
  ZEUS_RETURN_IF_ERROR(CheckStore(*store));
  store::GroupCommit commit(std::move(store));
  http::Router router = BatchSizeRoutes(commit, {NowMilliseconds, Entropy, LeaseOf(settings), requests, guard});
  AddPage(router);
  ZEUS_ASSIGN_OR_RETURN(const std::unique_ptr<http::Server> server,
                        http::Server::Start(std::move(options), std::move(router)));
  const Result<void> printed = ServeUntilSignal(*server, settings.socket, signals, console);
  if (printed) log.Tell("info", "finishing what is under way");
  // In this order: what is under way waits for commits, and what was left past the grace still answers to the server.
  server->Stop();
  commit.Stop();
  return printed;
}

}  // namespace

void AddServeCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* const command =
      app.add_subcommand("serve", "Keep what is learned of recurring jobs, and choose their batch sizes, over HTTP");
  ServeSettings& settings = flags->settings;
  command->add_option("--config", flags->config, "TOML file with these settings; flags and the environment come first")
      ->type_name("FILE");
  command->add_option("--listen", settings.listen, "Address to listen on; port 0: any [127.0.0.1:30100]")
      ->type_name("HOST:PORT");
  command->add_option("--socket", settings.socket, "Unix socket to listen on, alone or besides --listen")
      ->type_name("FILE");
  command
      ->add_option("--database", settings.database,
                   "sqlite:///FILE; postgresql://USER:PASSWORD@HOST:PORT/NAME, which servers may share; or memory: to "
                   "forget everything at the end; also ZEUS_BSO_DATABASE_URL [a file in the user's data folder]")
      ->type_name("URL");
  command
      ->add_option("--lease", settings.lease_s,
                   "Give a trial up when its job was not heard of for so long; 0: never [86400, a day]")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e9));
  command
      ->add_option("--requests-per-second", settings.requests_per_second,
                   "Answer so many of one IP address at most, and refuse more with 429 [any number]")
      ->type_name("N")
      ->check(CLI::Range(1.0, 1e9));
  command
      ->add_option("--signing-key-path", settings.signing_key_path,
                   "Ask for tokens that `zeus token issue` made with this key, a file of any bytes [nobody is asked]")
      ->type_name("FILE");
  command->add_flag("--allow-unauthenticated", flags->allow_unauthenticated,
                    "Let --listen be an address that other machines reach, on a network that you trust");
  command
      ->add_option("--log-level", settings.log_level,
                   "What to tell on standard error, in lines of JSON; debug: every request; also ZEUS_BSO_LOG_LEVEL "
                   "[info]")
      ->type_name("LEVEL")
      ->check(CLI::IsMember(std::vector<std::string>(kLogLevels.begin(), kLogLevels.end())));
  command->footer(kExamples);
  command->callback(
      [&invocation, flags] { invocation.action = [flags](const Console& console) { return Serve(*flags, console); }; });
}

}  // namespace zeus
