#include "apps/zeus/journal_folder.h"

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "zeus/control/settings_journal.h"

namespace zeus {

std::filesystem::path JournalFolder() {
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  return DefaultJournalFolder(::geteuid(), runtime == nullptr ? std::nullopt : std::optional<std::string>(runtime));
}

}  // namespace zeus
