#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>

#include "apps/zeus/command.h"
#include "services/batch_size_server/routes.h"
#include "services/http/server.h"
#include "services/page/page.h"
#include "services/store/group_commit.h"
#include "services/store/invariants.h"
#include "services/store/open_store.h"
#include "zeus/base/noted_signals.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus serve\n"
    "  zeus serve --listen 127.0.0.1:0 --database sqlite:///jobs.db --log-level debug\n"
    "  zeus serve --socket zeus.sock --database memory:";

constexpr std::string_view kDefaultListen = "127.0.0.1:30100";

struct ServeFlags {
  std::string listen;
  std::string socket;
  std::string database;
  std::string log_level = "info";
  double lease_s = 86400;
  bool allow_unauthenticated = false;
};

Result<http::TcpAddress> ParseListen(std::string_view text) {
  const size_t colon = text.rfind(':');
  const auto port = colon == std::string_view::npos ? std::nullopt : ParseUnsigned(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!port || *port > 65535 || host.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--listen {}: expected HOST:PORT, such as {}", text, kDefaultListen));
  }
  return http::TcpAddress{.host = std::string(host), .port = static_cast<uint16_t>(*port)};
}

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

// A line of JSON on standard error for each answered request.
void LogAccess(const http::AccessRecord& record) {
  std::string target;
  for (const char character : record.target) {
    const bool plain = character > ' ' && character < '\x7f' && character != '"' && character != '\\';
    target += plain ? character : '?';
  }
  fmt::print(stderr, "{{\"method\": \"{}\", \"target\": \"{}\", \"status\": {}, \"time_us\": {}}}\n", record.method,
             target, record.status, record.time.count());
}

int64_t NowMilliseconds() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

uint64_t Entropy() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

std::optional<int64_t> LeaseOf(const ServeFlags& flags) {
  if (flags.lease_s == 0) return std::nullopt;
  return std::max<int64_t>(std::llround(flags.lease_s * 1000), 1);
}

Result<void> Serve(const ServeFlags& flags, const Console& console) {
  http::ServerOptions options;
  if (!flags.socket.empty()) options.socket = flags.socket;
  if (!flags.listen.empty() || flags.socket.empty()) {
    ZEUS_ASSIGN_OR_RETURN(options.tcp, ParseListen(flags.listen.empty() ? kDefaultListen : flags.listen));
  }
  if (options.tcp && !options.tcp->IsLoopback() && !flags.allow_unauthenticated) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--listen {}: whoever reaches that address could change and delete jobs, for there is no "
                            "authentication; listen on 127.0.0.1, or say --allow-unauthenticated",
                            flags.listen));
  }
  const auto requests = std::make_shared<http::RequestMetrics>();
  options.log = [requests, logs = flags.log_level == "debug"](const http::AccessRecord& record) {
    requests->Observe(record);
    if (logs) LogAccess(record);
  };
  const bool tells = flags.log_level != "error";

  const NotedSignals signals;
  ZEUS_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store, OpenDatabase(flags.database));
  ZEUS_RETURN_IF_ERROR(CheckStore(*store));
  store::GroupCommit commit(std::move(store));
  http::Router router = BatchSizeRoutes(commit, {NowMilliseconds, Entropy, LeaseOf(flags), requests});
  AddPage(router);
  ZEUS_ASSIGN_OR_RETURN(const std::unique_ptr<http::Server> server,
                        http::Server::Start(std::move(options), std::move(router)));
  std::string addresses;
  if (const auto& tcp = server->tcp()) {
    const bool is_ipv6 = tcp->host.find(':') != std::string::npos;
    addresses += fmt::format(fmt::runtime(is_ipv6 ? "Listening on http://[{}]:{}\n" : "Listening on http://{}:{}\n"),
                             tcp->host, tcp->port);
  }
  if (!flags.socket.empty()) addresses += fmt::format("Listening on {}\n", flags.socket);
  const Result<void> printed = console.Print(addresses);
  while (printed && !signals.Sleep(Seconds(1e6))) {
  }
  if (tells && printed) console.Note("zeus: finishing what is under way");
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
  command->add_option("--listen", flags->listen, "Address to listen on; port 0: any [127.0.0.1:30100]")
      ->type_name("HOST:PORT");
  command->add_option("--socket", flags->socket, "Unix socket to listen on, alone or besides --listen")
      ->type_name("FILE");
  command
      ->add_option("--database", flags->database,
                   "sqlite:///FILE; postgresql://USER:PASSWORD@HOST:PORT/NAME, which servers may share; or memory: to "
                   "forget everything at the end [a file in the user's data folder]")
      ->type_name("URL")
      ->envname("ZEUS_BSO_DATABASE_URL");
  command
      ->add_option("--lease", flags->lease_s,
                   "Give a trial up when its job was not heard of for so long; 0: never [86400, a day]")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e9));
  command->add_flag("--allow-unauthenticated", flags->allow_unauthenticated,
                    "Let --listen be an address that other machines reach, on a network that you trust");
  command->add_option("--log-level", flags->log_level, "What to tell on standard error; debug: every request")
      ->type_name("LEVEL")
      ->capture_default_str()
      ->check(CLI::IsMember({"error", "info", "debug"}));
  command->footer(kExamples);
  command->callback(
      [&invocation, flags] { invocation.action = [flags](const Console& console) { return Serve(*flags, console); }; });
}

}  // namespace zeus
