#pragma once

// A public key that signatures are checked with, on OpenSSL 3.

#include <memory>
#include <string_view>

#include "shared/base/result.hpp"

struct evp_pkey_st;

namespace notify {

class PublicKey {
 public:
  enum class Kind {
    kRsa,      // 2048 to 16384 bits; signatures: PKCS #1 v1.5 over SHA-256
    kP256,     // the curve P-256; signatures: ECDSA over SHA-256, as 64 bytes r and s
    kEd25519,  // signatures: 64 bytes
  };

  // Of PEM text ("-----BEGIN PUBLIC KEY-----"). kInvalid says what the text holds instead and what
  // would be right, as the end of a sentence that begins with where it stands: "holds a private
  // key: …".
  static Result<PublicKey> parse(std::string_view pem, Kind expected);

  // False for a signature of another shape, too.
  [[nodiscard]] bool verifies(std::string_view message, std::string_view signature) const;

 private:
  PublicKey(std::shared_ptr<evp_pkey_st> key, Kind kind) : key_(std::move(key)), kind_(kind) {}

  std::shared_ptr<evp_pkey_st> key_;
  Kind kind_;
};

}  // namespace notify
