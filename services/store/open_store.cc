#include "services/store/open_store.h"

#include <fmt/format.h>

#include <string_view>

#include "services/store/memory_store.h"
#include "services/store/postgres_store.h"
#include "services/store/sqlite_store.h"

namespace zeus::store {

Result<std::unique_ptr<Store>> OpenStore(const std::string& url) {
  if (url == "memory:") return std::make_unique<MemoryStore>();
  constexpr std::string_view kSlashes = "://";
  const size_t slashes = url.find(kSlashes);
  if (slashes != std::string::npos) {
    const std::string scheme = url.substr(0, slashes);
    const std::string rest = url.substr(slashes + kSlashes.size());
    const std::string kind = scheme.substr(0, scheme.find('+'));
    if (kind == "sqlite" && rest.size() > 1 && rest.front() == '/') return SqliteStore::Open(rest.substr(1));
    if (kind == "postgresql") return PostgresStore::Open(url);
  }
  return Fail(ErrorCode::kInvalidArgument,
              "expected sqlite:///FILE, postgresql://USER:PASSWORD@HOST:PORT/NAME or memory:");
}

}  // namespace zeus::store
