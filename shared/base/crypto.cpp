#include "shared/base/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <limits>
#include <new>

namespace notify {
namespace {

// Memory (or the system's randomness) ran out: the one kind of failure that result.hpp leaves to
// exceptions. A digest made up instead could be forged.
[[noreturn]] void out_of_resources() { throw std::bad_alloc{}; }

const unsigned char* bytes_of(std::string_view text) {
  // OpenSSL takes a null key for "the same as before".
  return reinterpret_cast<const unsigned char*>(text.data() != nullptr ? text.data() : "");
}

int int_size(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    out_of_resources();
  }
  return static_cast<int>(text.size());
}

}  // namespace

Digest sha256(std::string_view bytes) {
  Digest out{};
  if (EVP_Digest(bytes_of(bytes), bytes.size(), out.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    out_of_resources();
  }
  return out;
}

std::string sha1(std::string_view bytes) {
  std::string out(20, '\0');
  if (EVP_Digest(bytes_of(bytes), bytes.size(), reinterpret_cast<unsigned char*>(out.data()),
                 nullptr, EVP_sha1(), nullptr) != 1) {
    out_of_resources();
  }
  return out;
}

Digest hmac_sha256(std::string_view key, std::string_view message) {
  Digest out{};
  unsigned length = 0;
  if (HMAC(EVP_sha256(), bytes_of(key), int_size(key), bytes_of(message), message.size(),
           out.data(), &length) == nullptr ||
      length != out.size()) {
    out_of_resources();
  }
  return out;
}

HmacSha256::HmacSha256(std::string_view key) {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  context_.reset(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);  // the context has its own reference
  std::string digest = OSSL_DIGEST_NAME_SHA2_256;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end(),
  };
  if (context_ == nullptr ||
      EVP_MAC_init(context_.get(), bytes_of(key), key.size(), parameters) != 1) {
    out_of_resources();
  }
}

Digest HmacSha256::operator()(std::string_view message) const {
  Digest out{};
  std::size_t size = 0;
  if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(context_.get(), bytes_of(message), message.size()) != 1 ||
      EVP_MAC_final(context_.get(), out.data(), &size, out.size()) != 1 || size != out.size()) {
    out_of_resources();
  }
  return out;
}

void HmacSha256::Free::operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }

Digest pbkdf2_sha256(std::string_view password, std::string_view salt, unsigned rounds) {
  Digest out{};
  if (rounds == 0 || rounds > static_cast<unsigned>(std::numeric_limits<int>::max()) ||
      PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(bytes_of(password)), int_size(password),
                        bytes_of(salt), int_size(salt), static_cast<int>(rounds), EVP_sha256(),
                        static_cast<int>(out.size()), out.data()) != 1) {
    out_of_resources();
  }
  return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(bytes_of(a), bytes_of(b), a.size()) == 0;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  if (count > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
      (count > 0 &&
       RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1)) {
    out_of_resources();
  }
  return out;
}

std::string random_hex(std::size_t count) { return hex(random_bytes(count)); }

}  // namespace notify
