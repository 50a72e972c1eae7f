// The journal of borrowed settings.
#include "tests/fuzz/require.h"
#include "zeus/control/journal_record.h"

using zeus::fuzz::Require;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto record = zeus::ParseJournalText(zeus::fuzz::ToText(data, size), "journal");
  if (!record) {
    Require(record.error().message.starts_with("journal"), "an error names its file", record.error().message);
    return 0;
  }
  const std::string text = zeus::ToJournalText(*record);
  const auto again = zeus::ParseJournalText(text, "journal");
  Require(again.has_value() && *again == *record, "what is written reads back", text);
  Require(!zeus::DescribeChanges(*record).empty(), "every record can be described");
  return 0;
}
