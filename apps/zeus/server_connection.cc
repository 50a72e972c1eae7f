#include "apps/zeus/server_connection.h"

#include <cstdlib>

#include "zeus/base/text_file.h"

namespace zeus {

CLI::Option* AddServerFlags(CLI::App& command, const char* description, ServerFlags& flags) {
  command
      .add_option("--token-file", flags.token_file,
                  "File with the token that the server asks for [the value of ZEUS_BSO_TOKEN]")
      ->type_name("FILE");
  return command.add_option("--server", flags.url, description)->type_name("URL");
}

Result<BatchSizeClient> Connect(const ServerFlags& flags) {
  if (flags.token_file.empty()) {
    const char* const token = std::getenv("ZEUS_BSO_TOKEN");
    return BatchSizeClient::Create(flags.url, token == nullptr ? "" : token);
  }
  constexpr uint64_t kMostBytes = uint64_t{1} << 14;
  ZEUS_ASSIGN_OR_RETURN(std::string token, ReadFile(flags.token_file, kMostBytes));
  while (token.ends_with('\n')) token.pop_back();
  return BatchSizeClient::Create(flags.url, token);
}

}  // namespace zeus
