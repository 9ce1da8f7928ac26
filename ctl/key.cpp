#include <algorithm>
#include <cstdio>

#include "ctl/commands.hpp"
#include "ctl/entry_text.hpp"
#include "ctl/key_dir.hpp"
#include "shared/auth/api_key.hpp"
#include "shared/base/clock.hpp"
#include "shared/base/crypto.hpp"
#include "shared/base/json.hpp"

namespace notify::ctl {
namespace {

int failed(const Error& error) {
  complain(error.message);
  return kExitFailed;
}

std::string store_of(const Settings& settings, const KeyOptions& options) {
  return options.store.empty() ? key_store_path(settings) : options.store;
}

// A random UUID (RFC 9562, version 4), as the store calls its users and keys.
std::string new_id() {
  std::string digits = random_hex(16);
  digits[12] = '4';
  digits[16] = "89ab"[digits[16] % 4];
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) {
    digits.insert(dash, "-");
  }
  return digits;
}

std::string key_json(const KeyStore::User& user, const KeyStore::Key& key) {
  return "{\"id\":" + json::quoted(key.id) + ",\"created_at\":" + json::quoted(key.created_at) +
         ",\"username\":" + json::quoted(user.name) + "}";
}

// Takes the keys away that the options name; false, and complained about, if there are none.
bool revoke_from(KeyStore& store, const KeyOptions& options) {
  bool all_there = true;
  for (const std::string& id : options.ids) {
    if (store.revoke_key(id) == 0) {
      complain("there is no key " + shell_word(id) + ": see `notifyctl key list`");
      all_there = false;
    }
  }
  if (!options.user.empty() && store.revoke_user(options.user) == 0) {
    complain("the user " + shell_word(options.user) + " has no key: see `notifyctl key list`");
    all_there = false;
  }
  return all_there;
}

}  // namespace

int key_create(const Settings& settings, const KeyOptions& options) {
  if (const auto fits = check_api_key_user(options.user); !fits) {
    complain("--username: " + fits.error().message);
    return kExitUsage;
  }
  // Hashed before the lock is taken: it takes a while.
  const std::string key = make_api_key(options.user);
  const ApiKeyHash hash = hash_api_key(key);
  const auto folder = KeyDir::lock(store_of(settings, options));
  if (!folder) {
    return failed(folder.error());
  }
  auto store = folder->load();
  if (!store) {
    return failed(store.error());
  }
  const std::string now = format_iso8601_utc(unix_us());
  store->add(options.user, hash, {new_id(), now}, {new_id(), now});
  if (const auto saved = folder->save(*store); !saved) {
    return failed(saved.error());
  }
  std::printf("API key of user %s, in %s\nGenerated API-Key: %s\n",
              shell_word(options.user).c_str(), folder->file().c_str(), key.c_str());
  return kExitDone;
}

int key_list(const Settings& settings, const KeyOptions& options) {
  const auto folder = KeyDir::lock(store_of(settings, options));
  if (!folder) {
    return failed(folder.error());
  }
  const auto store = folder->load();
  if (!store) {
    return failed(store.error());
  }
  for (const KeyStore::User& user : store->users()) {
    if (!options.user.empty() && user.name != options.user) {
      continue;
    }
    for (const KeyStore::Key& key : user.keys) {
      if (options.json) {
        std::printf("%s\n", key_json(user, key).c_str());
      } else {
        std::printf("%s  %s  %s\n", shell_word(key.id).c_str(), shell_word(key.created_at).c_str(),
                    shell_word(user.name).c_str());
      }
    }
  }
  return kExitDone;
}

int key_revoke(const Settings& settings, const KeyOptions& options) {
  if (options.ids.empty() && options.user.empty()) {
    complain("key revoke: which one? Ids of `notifyctl key list`, or -u NAME for all of a user");
    return kExitUsage;
  }
  const auto folder = KeyDir::lock(store_of(settings, options));
  if (!folder) {
    return failed(folder.error());
  }
  auto store = folder->load();
  if (!store) {
    return failed(store.error());
  }
  const std::size_t before = store->key_count();
  const bool all_there = revoke_from(*store, options);
  const std::size_t gone = before - store->key_count();
  if (gone > 0) {
    if (const auto saved = folder->save(*store); !saved) {
      return failed(saved.error());
    }
  }
  std::printf("%zu %s revoked\n", gone, gone == 1 ? "key" : "keys");
  return all_there ? kExitDone : kExitFailed;
}

}  // namespace notify::ctl
