#include "ngx_notify_module/auth/jwt_key.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>

#include "shared/base/secret.hpp"

namespace notify {
namespace {

constexpr std::string_view kPem = "-----BEGIN ";
constexpr std::size_t kMaxPemBytes = std::size_t{64} * 1024;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

Result<void> read_secret(std::string_view word, JwtRule& rule) {
  Result<std::string> secret = resolve_secret(word);
  if (!secret) {
    return secret.error();
  }
  // Whoever has seen the public key could sign.
  if (secret->starts_with(kPem)) {
    return invalid("HS256 needs a secret, and " + (word.starts_with(kPem) ? "this" : quoted(word)) +
                   " holds PEM: for a public key say RS256, ES256 or EdDSA");
  }
  rule.secret = std::move(*secret);
  return {};
}

Result<std::string> read_pem(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  std::string text(kMaxPemBytes, '\0');
  if (file != nullptr) {
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  }
  if (file == nullptr || std::ferror(file.get()) != 0) {
    return invalid("cannot read " + quoted(path) + ": " + std::generic_category().message(errno));
  }
  return text;
}

Result<void> parse_key(std::string_view pem, const std::string& where, JwtRule& rule) {
  Result<PublicKey> key = PublicKey::parse(pem, *jwt_key_kind(rule.alg));
  if (!key) {
    return invalid(std::string(jwt_alg_name(rule.alg)) + ": " + where + " " + key.error().message);
  }
  rule.key = std::move(*key);
  return {};
}

}  // namespace

Result<void> read_jwt_key(ngx_conf_t* cf, std::string_view word, JwtRule& rule) {
  if (!jwt_key_kind(rule.alg)) {
    return read_secret(word, rule);
  }
  std::string path(word);
  if (word.starts_with("env:")) {
    Result<std::string> value = resolve_secret(word);
    if (!value) {
      return value.error();
    }
    if (value->starts_with(kPem)) {
      return parse_key(*value, "the environment variable " + quoted(word.substr(4)), rule);
    }
    path = std::move(*value);
  } else if (word.starts_with("file:")) {
    path = word.substr(5);
  }
  // Where nginx looks for certificates, too.
  ngx_str_t name = to_pool(cf->pool, path);
  if (path.empty() || name.data == nullptr || ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
    return bad_value(word);
  }
  path = view(name);
  const Result<std::string> pem = read_pem(path);
  return pem ? parse_key(*pem, quoted(path), rule) : pem.error();
}

}  // namespace notify
