#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "shared/auth/jwt.hpp"
#include "shared/base/crypto.hpp"
#include "tests/check_main.hpp"

using namespace notify;

namespace {

constexpr double kNow = 1795251160.0;
constexpr std::string_view kUser = R"({"sub":"u"})";

std::string_view text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

// A key pair as an issuer has it.
struct Pair {
  explicit Pair(EVP_PKEY* made) : key(made, &EVP_PKEY_free) { EXPECT(made != nullptr); }

  [[nodiscard]] std::string pem(bool secret = false) const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    const int done = secret ? PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0,
                                                       nullptr, nullptr)
                            : PEM_write_bio_PUBKEY(bio.get(), key.get());
    EXPECT(done == 1);
    return std::string(text_of(bio.get()));
  }

  [[nodiscard]] std::string sign(std::string_view text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    const bool plain = EVP_PKEY_is_a(key.get(), "ED25519") == 1;
    std::string out(1024, '\0');
    std::size_t size = out.size();
    EXPECT(EVP_DigestSignInit(context.get(), nullptr, plain ? nullptr : EVP_sha256(), nullptr,
                              key.get()) == 1);
    EXPECT(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                          reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
    out.resize(size);
    return EVP_PKEY_is_a(key.get(), "EC") == 1 ? raw(out) : out;
  }

  static std::string raw(const std::string& der) {
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
    EXPECT(pair != nullptr);
    std::string out(64, '\0');
    auto* bytes = reinterpret_cast<unsigned char*>(out.data());
    EXPECT(BN_bn2binpad(ECDSA_SIG_get0_r(pair), bytes, 32) == 32);
    EXPECT(BN_bn2binpad(ECDSA_SIG_get0_s(pair), bytes + 32, 32) == 32);
    ECDSA_SIG_free(pair);
    return out;
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key;
};

Pair make_rsa(std::size_t bits = 2048) {
  return Pair(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
}
Pair make_pss() {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr);
  EVP_PKEY* key = nullptr;
  EXPECT(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_generate(context, &key) == 1);
  EVP_PKEY_CTX_free(context);
  return Pair(key);
}
Pair make_ec(const char* curve = "P-256") {
  return Pair(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}
Pair make_ed(const char* kind = "ED25519") {
  return Pair(EVP_PKEY_Q_keygen(nullptr, nullptr, kind));
}

std::string head(std::string_view alg) { return R"({"alg":")" + std::string(alg) + R"("})"; }

std::string token(const Pair& pair, std::string_view header, std::string_view payload = kUser) {
  const std::string text = base64url_encode(header) + "." + base64url_encode(payload);
  return text + "." + base64url_encode(pair.sign(text));
}

JwtRule rule(JwtAlg alg, const Pair& pair) {
  JwtRule out;
  out.alg = alg;
  auto key = PublicKey::parse(pair.pem(), *jwt_key_kind(alg));
  EXPECT(key.ok());
  out.key = *key;
  return out;
}

std::string outcome(std::string_view given, const JwtRule& with) {
  const auto claims = verify_jwt(given, with, kNow);
  return claims ? "ok:" + claims->subject : claims.error().message;
}

START_TEST(algorithms) {
  struct Row {
    JwtAlg alg;
    Pair pair;
    Pair stranger;
  };
  const Row rows[] = {
      {JwtAlg::kRs256, make_rsa(), make_rsa()},
      {JwtAlg::kEs256, make_ec(), make_ec()},
      {JwtAlg::kEdDsa, make_ed(), make_ed()},
  };
  for (const Row& row : rows) {
    const std::string_view name = jwt_alg_name(row.alg);
    EXPECT(parse_jwt_alg(name) == row.alg);
    const JwtRule with = rule(row.alg, row.pair);
    const std::string good = token(row.pair, head(name));
    EXPECT_EQ_ROW(name, outcome(good, with), "ok:u");
    EXPECT_EQ_ROW(name, outcome(token(row.stranger, head(name)), with), "Invalid token");
    EXPECT_EQ_ROW(name, outcome(good, rule(row.alg, row.stranger)), "Invalid token");
    // Its own signature under another name, and other signatures under its name.
    for (const std::string_view other :
         {"none", "HS256", "RS256", "RS384", "PS256", "ES256", "ES384", "EdDSA", "eddsa", ""}) {
      if (other != name) {
        EXPECT_EQ_ROW(other, outcome(token(row.pair, head(other)), with), "Invalid token");
      }
    }
    for (const Row& other : rows) {
      if (other.alg != row.alg) {
        EXPECT_EQ_ROW(name, outcome(token(other.pair, head(name)), with), "Invalid token");
      }
    }
    // The public key as if it were a secret.
    const std::string text = base64url_encode(head("HS256")) + "." + base64url_encode(kUser);
    const std::string pem = row.pair.pem();
    EXPECT_EQ_ROW(name, outcome(text + "." + base64url_encode(hmac_sha256(pem, text)), with),
                  "Invalid token");
    // Signatures of any length.
    const std::string signed_part = good.substr(0, good.rfind('.') + 1);
    for (const std::size_t size : {0U, 1U, 32U, 63U, 64U, 65U, 72U, 128U, 256U, 257U, 1000U}) {
      for (const char fill : {'\0', '\xff'}) {
        EXPECT_EQ_ROW(size, outcome(signed_part + base64url_encode(std::string(size, fill)), with),
                      "Invalid token");
      }
    }
    for (std::size_t i = 0; i + 1 < good.size(); ++i) {
      std::string flipped = good;
      flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
      EXPECT_EQ_ROW(i, outcome(flipped, with), "Invalid token");
    }
    // A rule without its key.
    JwtRule keyless = with;
    keyless.key.reset();
    EXPECT_EQ_ROW(name, outcome(good, keyless), "Invalid token");
  }
}
END_TEST

// RFC 7515, appendix A.3, and RFC 8037, appendix A.4: not made by ourselves. (Their payloads are no
// claims of ours, so only the signature is looked at.)
START_TEST(known_signatures) {
  struct Row {
    std::string_view pem;
    PublicKey::Kind kind;
    std::string_view text;
    std::string_view signature;
  };
  constexpr Row kRows[] = {
      {"-----BEGIN PUBLIC KEY-----\n"
       "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
       "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
       "-----END PUBLIC KEY-----\n",
       PublicKey::Kind::kP256,
       "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
       "LmNvbS9pc19yb290Ijp0cnVlfQ",
       "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
      {"-----BEGIN PUBLIC KEY-----\n"
       "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
       "-----END PUBLIC KEY-----\n",
       PublicKey::Kind::kEd25519, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
       "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
  };
  for (const Row& row : kRows) {
    const auto key = PublicKey::parse(row.pem, row.kind);
    EXPECT_ROW(row.text, key.ok());
    EXPECT_ROW(row.text, key->verifies(row.text, *base64url_decode(row.signature)));
    EXPECT_ROW(row.text, !key->verifies("x", *base64url_decode(row.signature)));
  }
}
END_TEST

START_TEST(wrong_files) {
  const std::string rsa = make_rsa().pem();
  struct Row {
    std::string name;
    std::string pem;
    PublicKey::Kind kind;
    std::string_view says;
  };
  using Kind = PublicKey::Kind;
  const Row rows[] = {
      {"nothing", "", Kind::kRsa, "holds no PEM"},
      {"text", "hello\n", Kind::kP256, "holds no PEM"},
      {"a cut block", make_ec().pem().substr(0, 80), Kind::kP256, "holds no PEM"},
      {"an empty block", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", Kind::kRsa,
       "holds "},
      {"damaged", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", Kind::kRsa,
       "holds a public key that is damaged"},
      {"private", make_rsa().pem(true), Kind::kRsa, "holds a private key"},
      {"private, EC", make_ec().pem(true), Kind::kP256, "holds a private key"},
      {"a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
       Kind::kRsa, "holds a certificate"},
      {"the old format", "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n",
       Kind::kRsa, "holds an RSA key of the old format"},
      {"parameters", "-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----\n",
       Kind::kP256, "holds \"EC PARAMETERS\""},
      {"a short RSA", make_rsa(1024).pem(), Kind::kRsa, "holds an RSA public key of 1024 bits"},
      {"RSA for ES256", rsa, Kind::kP256, "holds an RSA public key of 2048 bits"},
      {"RSA-PSS", make_pss().pem(), Kind::kRsa, "holds a public key of the kind RSA-PSS"},
      {"RSA for EdDSA", rsa, Kind::kEd25519, "holds an RSA public key"},
      {"EC for RS256", make_ec().pem(), Kind::kRsa,
       "holds an EC public key on the curve prime256v1"},
      {"another curve", make_ec("P-384").pem(), Kind::kP256,
       "holds an EC public key on the curve secp384r1"},
      {"Ed25519 for ES256", make_ed().pem(), Kind::kP256, "holds a public key of the kind ED25519"},
      {"Ed448", make_ed("ED448").pem(), Kind::kEd25519, "holds a public key of the kind ED448"},
      {"X25519", make_ed("X25519").pem(), Kind::kEd25519, "holds a public key of the kind X25519"},
  };
  for (const Row& row : rows) {
    const auto key = PublicKey::parse(row.pem, row.kind);
    EXPECT_ROW(row.name, !key.ok());
    EXPECT_ROW(row.name + ": " + key.error().message, key.error().message.starts_with(row.says));
    EXPECT_ROW(row.name, key.error().message.find("; needed is an") != std::string::npos);
  }
  // What stands around the block, and line ends, are nobody's business.
  const std::string pem = make_ec().pem();
  EXPECT(PublicKey::parse("a comment\n" + pem + "more\n", Kind::kP256).ok());
}
END_TEST

}  // namespace

CHECK_MAIN("jwt_keys", algorithms, known_signatures, wrong_files)
