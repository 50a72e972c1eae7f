#include "services/http/signing_key.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>

#include "zeus/base/dynamic_library.h"
#include "zeus/base/text_file.h"

namespace zeus::http {
namespace {

constexpr uint64_t kMostKeyBytes = uint64_t{1} << 16;

struct Libcrypto {
  decltype(&::HMAC) hmac = nullptr;
  decltype(&::EVP_sha256) sha256 = nullptr;
  decltype(&::CRYPTO_memcmp) compare = nullptr;
};

template <class Function>
Result<void> Resolve(const DynamicLibrary& library, const char* name, Function* function) {
  Result<void*> address = library.Symbol(name);
  if (!address) return Fail(ErrorCode::kInvalidData, address.error().message);
  *function = reinterpret_cast<Function>(*address);
  return {};
}

Result<Libcrypto> Load() {
  Result<DynamicLibrary> library = DynamicLibrary::OpenByName("libcrypto.so.3");
  if (!library) {
    return Fail(library.error().code,
                fmt::format("tokens need OpenSSL (Debian's package libssl3): {}", library.error().message));
  }
  Libcrypto libcrypto;
  ZEUS_RETURN_IF_ERROR(Resolve(*library, "HMAC", &libcrypto.hmac));
  ZEUS_RETURN_IF_ERROR(Resolve(*library, "EVP_sha256", &libcrypto.sha256));
  ZEUS_RETURN_IF_ERROR(Resolve(*library, "CRYPTO_memcmp", &libcrypto.compare));
  return libcrypto;
}

const Result<Libcrypto>& Loaded() {
  static const Result<Libcrypto> kLibrary = Load();
  return kLibrary;
}

}  // namespace

Result<SigningKey> SigningKey::Of(std::string bytes) {
  if (bytes.empty()) return Fail(ErrorCode::kInvalidArgument, "a signing key has no bytes");
  if (!Loaded()) return std::unexpected(Loaded().error());
  return SigningKey(std::move(bytes));
}

Result<SigningKey> SigningKey::Read(const std::filesystem::path& file) {
  ZEUS_ASSIGN_OR_RETURN(std::string bytes, ReadFile(file, kMostKeyBytes));
  if (bytes.empty()) return Fail(ErrorCode::kInvalidData, fmt::format("Signing key file '{}' is empty", file.string()));
  struct stat status{};
  if (::stat(file.c_str(), &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return Fail(ErrorCode::kPermissionDenied,
                fmt::format("{}: everybody may read or change this signing key; chmod o-rw it", file.string()));
  }
  return Of(std::move(bytes));
}

std::string SigningKey::Sign(std::string_view text) const {
  std::string signature(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  Loaded()->hmac(Loaded()->sha256(), bytes_.data(), static_cast<int>(bytes_.size()),
                 reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                 reinterpret_cast<unsigned char*>(signature.data()), &size);
  signature.resize(size);
  return signature;
}

bool SigningKey::IsSignature(std::string_view signature, std::string_view text) const {
  const std::string expected = Sign(text);
  return signature.size() == expected.size() &&
         Loaded()->compare(signature.data(), expected.data(), expected.size()) == 0;
}

}  // namespace zeus::http
