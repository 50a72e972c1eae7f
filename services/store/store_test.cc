#include "services/store/store.h"

#include <stdexcept>

#include "services/store/memory_store.h"
#include "services/store/sqlite_store.h"
#include "tests/support/store_contract.h"

namespace zeus::testing {
namespace {

StoreCase Memory() {
  return {.name = "memory", .lasts = false, .open = [](const auto&) { return std::make_unique<store::MemoryStore>(); }};
}

StoreCase Sqlite() {
  return {.name = "sqlite", .open = [](const std::filesystem::path& folder) {
            Result<std::unique_ptr<store::SqliteStore>> opened = store::SqliteStore::Open(folder / "zeus.db");
            if (!opened) throw std::runtime_error(opened.error().message);
            return *std::move(opened);
          }};
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, ::testing::Values(Memory(), Sqlite()), StoreCaseName);

}  // namespace
}  // namespace zeus::testing
