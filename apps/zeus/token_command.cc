#include "apps/zeus/token_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "services/http/token.h"
#include "zeus/base/wall_time.h"

namespace zeus {
namespace {

struct TokenFlags {
  std::string key;
  std::string user;
  std::vector<std::string> scopes;
  std::string expires;
};

Result<void> Issue(const TokenFlags& flags, const std::vector<std::string>& known, const Console& console) {
  for (const std::string& scope : flags.scopes) {
    if (std::ranges::find(known, scope) != known.end()) continue;
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--scope {}: expected some of {}", scope, fmt::join(known, ", ")));
  }
  ZEUS_ASSIGN_OR_RETURN(const std::optional<int64_t> lifetime, http::ParseLifetime(flags.expires));
  ZEUS_ASSIGN_OR_RETURN(const http::SigningKey key, http::SigningKey::Read(flags.key));
  http::Claims claims{.subject = flags.user, .scopes = flags.scopes, .expires_s = {}};
  if (lifetime) claims.expires_s = NowMilliseconds() / 1000 + *lifetime;
  return console.Print(http::IssueToken(claims, key) + "\n");
}

}  // namespace

void AddTokenCommand(CLI::App& app, Invocation& invocation, const TokenCommand& about) {
  CLI::App* const command = app.add_subcommand("token", fmt::format("Make tokens for `{} serve`", app.get_name()));
  command->require_subcommand(1);
  const std::string examples = fmt::format(
      "Examples:\n"
      "  {0} token issue --signing-key-path key --user alice --scope {1} --expires 30d > alice.token\n"
      "\n"
      "The key is a file of any bytes that not everybody may read, such as 32 of /dev/urandom. The server is\n"
      "`{0} serve --signing-key-path key`; clients send what {2} holds.",
      app.get_name(), about.example_scopes, about.client_variable);
  command->footer(examples);
  auto flags = std::make_shared<TokenFlags>();
  CLI::App* const issue =
      command->add_subcommand("issue", "Print a token that allows a user some things for some time");
  issue->add_option("--signing-key-path", flags->key, "The server's key: a file of any bytes")
      ->type_name("FILE")
      ->required();
  issue->add_option("--user", flags->user, "Whose token it is")->type_name("NAME")->required();
  issue->add_option("--scope", flags->scopes, fmt::format("What it allows: {}", fmt::join(about.scopes, ", ")))
      ->type_name("SCOPE,...")
      ->delimiter(',')
      ->required();
  issue->add_option("--expires", flags->expires, "For how long: 1h, 30d, or never")->type_name("TIME")->required();
  issue->footer(examples);
  issue->callback([&invocation, flags, scopes = about.scopes] {
    invocation.action = [flags, scopes](const Console& console) { return Issue(*flags, scopes, console); };
  });
}

}  // namespace zeus
