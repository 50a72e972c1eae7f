#pragma once

#include <string>
#include <vector>

#include "apps/zeus/command.h"

namespace zeus {

/// What differs between the tokens of two servers.
struct TokenCommand {
  std::vector<std::string> scopes;  ///< All that there are.
  std::string example_scopes;       ///< "a,b".
  std::string client_variable;      ///< The environment variable in which clients find their token.
};

/// `PROGRAM token issue`, where PROGRAM is the app's name.
void AddTokenCommand(CLI::App& app, Invocation& invocation, const TokenCommand& about);

}  // namespace zeus
