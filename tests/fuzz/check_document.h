#pragma once

#include <string>
#include <string_view>

#include "tests/fuzz/require.h"
#include "zeus/base/result.h"

namespace zeus::fuzz {

/// A document is read, or refused with an error that names its file; what was read is written and reads back the same.
template <class Document>
void CheckDocument(std::string_view text, Result<Document> (*parse)(std::string_view text, std::string_view source)) {
  const Result<Document> document = parse(text, "file");
  if (!document) {
    Require(document.error().message.starts_with("file"), "an error names its file", document.error().message);
    return;
  }
  const std::string written = ToText(*document);
  const Result<Document> again = parse(written, "file");
  Require(again.has_value(), "what is written can be read", again ? "" : again.error().message);
  Require(*again == *document, "what is written reads back as the same", written);
}

}  // namespace zeus::fuzz
