// The bytes of an .xz file.
#include "tests/fuzz/require.h"
#include "zeus/trace/xz.h"

using zeus::fuzz::Require;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kMaxBytes = uint64_t{1} << 20;
  const std::string_view bytes = zeus::fuzz::ToText(data, size);
  const zeus::Result<std::string> content = zeus::DecompressXz(bytes, "file", kMaxBytes);
  if (!content) {
    Require(content.error().message.starts_with("file: "), "an error names the file", content.error().message);
    return 0;
  }
  Require(zeus::IsXz(bytes), "what decompresses is known by its first bytes");
  Require(content->size() <= kMaxBytes, "no more comes out than was allowed");
  const zeus::Result<std::string> compressed = zeus::CompressXz(*content);
  Require(compressed.has_value(), "what came out can be compressed again");
  Require(zeus::DecompressXz(*compressed, "file", kMaxBytes) == *content, "and decompresses to the same");
  return 0;
}
