#include "zeus/trace/xz.h"

#include <fmt/format.h>
#include <lzma.h>

namespace zeus {
namespace {

constexpr uint64_t kDecoderMemoryBytes = uint64_t{256} << 20;
constexpr size_t kChunk = size_t{1} << 18;

struct Stream {
  lzma_stream lzma = LZMA_STREAM_INIT;
  ~Stream() { lzma_end(&lzma); }
};

std::string_view Reason(lzma_ret code) {
  switch (code) {
    case LZMA_FORMAT_ERROR:
      return "it is not an .xz file";
    case LZMA_MEMLIMIT_ERROR:
      return "it needs more than 256 MiB of memory to decompress";
    case LZMA_MEM_ERROR:
      return "out of memory";
    case LZMA_OPTIONS_ERROR:
      return "it uses options that this liblzma does not know";
    case LZMA_BUF_ERROR:
      return "it is cut off";
    default:
      return "it is damaged";
  }
}

}  // namespace

bool IsXz(std::string_view bytes) {
  return bytes.starts_with(
      std::string_view("\xFD"
                       "7zXZ\0",
                       6));
}

Result<std::string> DecompressXz(std::string_view bytes, std::string_view source, uint64_t max_bytes) {
  const auto fail = [&](lzma_ret code) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}: cannot decompress: {}", source, Reason(code)));
  };
  Stream stream;
  if (const lzma_ret code = lzma_stream_decoder(&stream.lzma, kDecoderMemoryBytes, LZMA_CONCATENATED);
      code != LZMA_OK) {
    return fail(code);
  }
  stream.lzma.next_in = reinterpret_cast<const uint8_t*>(bytes.data());
  stream.lzma.avail_in = bytes.size();
  std::string content;
  while (true) {
    const size_t old_size = content.size();
    content.resize(old_size + kChunk);
    stream.lzma.next_out = reinterpret_cast<uint8_t*>(content.data()) + old_size;
    stream.lzma.avail_out = kChunk;
    const lzma_ret code = lzma_code(&stream.lzma, LZMA_FINISH);
    content.resize(old_size + kChunk - stream.lzma.avail_out);
    if (code != LZMA_OK && code != LZMA_STREAM_END) return fail(code);
    if (content.size() > max_bytes) {
      return Fail(ErrorCode::kInvalidData,
                  fmt::format("{}: decompresses to more than {} MiB, the most that is read", source, max_bytes >> 20));
    }
    if (code == LZMA_STREAM_END) return content;
  }
}

Result<std::string> CompressXz(std::string_view content) {
  std::string bytes(lzma_stream_buffer_bound(content.size()), '\0');
  size_t size = 0;
  const lzma_ret code =
      lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const uint8_t*>(content.data()),
                              content.size(), reinterpret_cast<uint8_t*>(bytes.data()), &size, bytes.size());
  if (code != LZMA_OK) {
    return Fail(ErrorCode::kUnavailable, fmt::format("cannot compress: liblzma says {}", static_cast<int>(code)));
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace zeus
