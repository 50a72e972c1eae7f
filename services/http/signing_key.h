#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "zeus/base/result.h"

namespace zeus::http {

/// The secret that tokens are signed with. HMAC-SHA256 (RFC 2104) is OpenSSL's, whose library is opened when a key is
/// made: most programs need none.
class SigningKey {
 public:
  /// kNotFound or kInvalidData when OpenSSL's libcrypto cannot be used; kInvalidArgument for no bytes.
  static Result<SigningKey> Of(std::string bytes);

  /// All bytes of a file, a line end at its end included. kInvalidData when it is empty; kPermissionDenied when
  /// everybody may read or change it.
  static Result<SigningKey> Read(const std::filesystem::path& file);

  /// 32 bytes.
  [[nodiscard]] std::string Sign(std::string_view text) const;
  /// Whether that is the text's signature; takes as long for a wrong one as for the right one.
  [[nodiscard]] bool IsSignature(std::string_view signature, std::string_view text) const;

 private:
  explicit SigningKey(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string bytes_;
};

}  // namespace zeus::http
