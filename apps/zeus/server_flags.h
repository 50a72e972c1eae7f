#pragma once

#include <string>

namespace zeus {

/// Which batch-size server, and who asks it.
struct ServerFlags {
  std::string url;
  std::string token_file;  ///< Empty: the token, if any, is the value of ZEUS_BSO_TOKEN.
};

}  // namespace zeus
