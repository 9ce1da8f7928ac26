#include "shared/base/public_key.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstddef>
#include <limits>
#include <new>
#include <string>
#include <utility>

namespace notify {
namespace {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <class T, auto kFree>
using Owned = std::unique_ptr<T, Free<kFree>>;

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 16384;  // what OpenSSL checks signatures with
constexpr std::size_t kP256Bytes = 32;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view needed(PublicKey::Kind kind) {
  switch (kind) {
    case PublicKey::Kind::kRsa:
      return "an RSA public key of at least 2048 bits";
    case PublicKey::Kind::kP256:
      return "an EC public key on the curve P-256";
    case PublicKey::Kind::kEd25519:
      return "an Ed25519 public key";
  }
  return {};
}

// The label of the first block of PEM, and what is in it; empty if there is none.
struct Block {
  std::string label;
  std::string der;
};

Block first_block(std::string_view pem) {
  Block block;
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return block;
  }
  const Owned<BIO, &BIO_free> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (source == nullptr) {
    throw std::bad_alloc{};
  }
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(source.get(), &label, &header, &data, &size) == 1) {
    block.label = label;
    block.der.assign(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  OPENSSL_free(label);
  OPENSSL_free(header);
  OPENSSL_free(data);
  ERR_clear_error();
  return block;
}

// What is said of a block that is no public key, and how to get one out of it.
std::string instead(const std::string& label) {
  if (label.empty()) {
    return "holds no PEM (\"-----BEGIN PUBLIC KEY-----\")";
  }
  if (label.ends_with("PRIVATE KEY")) {
    return "holds a private key, which only who signs should have; its public one is made by "
           "`openssl pkey -in FILE -pubout`";
  }
  if (label.ends_with("CERTIFICATE")) {
    return "holds a certificate; its public key is shown by `openssl x509 -in FILE -noout -pubkey`";
  }
  if (label == "RSA PUBLIC KEY") {
    return "holds an RSA key of the old format; `openssl rsa -RSAPublicKey_in -in FILE -pubout` "
           "turns it";
  }
  return "holds \"" + label + "\", no public key";
}

std::string curve_of(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(),
                                     &size) != 1) {
    return "unknown";
  }
  return {name.data(), size};
}

bool fits(const EVP_PKEY* key, PublicKey::Kind kind) {
  switch (kind) {
    case PublicKey::Kind::kRsa:
      return EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= kMinRsaBits &&
             EVP_PKEY_get_bits(key) <= kMaxRsaBits;
    case PublicKey::Kind::kP256:
      return EVP_PKEY_is_a(key, "EC") == 1 && curve_of(key) == "prime256v1";
    case PublicKey::Kind::kEd25519:
      return EVP_PKEY_is_a(key, "ED25519") == 1;
  }
  return false;
}

std::string describe(const EVP_PKEY* key) {
  const char* type = EVP_PKEY_get0_type_name(key);
  const std::string name = type == nullptr ? "unknown" : type;
  if (name == "EC") {
    return "an EC public key on the curve " + curve_of(key);
  }
  if (name == "RSA") {
    return "an RSA public key of " + std::to_string(EVP_PKEY_get_bits(key)) + " bits";
  }
  return "a public key of the kind " + name;
}

// JOSE writes r and s one after the other, OpenSSL wants them in DER. Empty if that fails.
std::string to_der(std::string_view signature) {
  if (signature.size() != 2 * kP256Bytes) {
    return {};
  }
  const Owned<ECDSA_SIG, &ECDSA_SIG_free> pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(signature), kP256Bytes, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(signature) + kP256Bytes, kP256Bytes, nullptr);
  if (pair == nullptr || r == nullptr || s == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    throw std::bad_alloc{};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  std::string out;
  if (size > 0) {
    out.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  }
  OPENSSL_free(der);
  return out;
}

}  // namespace

Result<PublicKey> PublicKey::parse(std::string_view pem, Kind expected) {
  const auto wrong = [expected](const std::string& what) {
    return invalid(what + "; needed is " + std::string(needed(expected)));
  };
  const Block block = first_block(pem);
  if (block.label != "PUBLIC KEY") {
    return wrong(instead(block.label));
  }
  const unsigned char* data = bytes_of(block.der);
  std::shared_ptr<EVP_PKEY> key(d2i_PUBKEY(nullptr, &data, static_cast<long>(block.der.size())),
                                &EVP_PKEY_free);
  ERR_clear_error();
  if (key == nullptr) {
    return wrong("holds a public key that is damaged or of an unknown kind");
  }
  if (!fits(key.get(), expected)) {
    return wrong("holds " + describe(key.get()));
  }
  return PublicKey(std::move(key), expected);
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
  const std::string der = kind_ == Kind::kP256 ? to_der(signature) : std::string(signature);
  const Owned<EVP_MD_CTX, &EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  if (context == nullptr) {
    throw std::bad_alloc{};
  }
  const EVP_MD* digest = kind_ == Kind::kEd25519 ? nullptr : EVP_sha256();
  const bool good =
      !der.empty() &&
      EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(message),
                       message.size()) == 1;
  ERR_clear_error();  // nginx logs what is left there
  return good;
}

}  // namespace notify
