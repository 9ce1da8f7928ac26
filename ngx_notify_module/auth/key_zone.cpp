#include "ngx_notify_module/auth/key_zone.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace notify {
namespace {

constexpr std::size_t kKeptStores = 8;
constexpr std::size_t kKeptBytes = std::size_t{1024} * 1024;  // of all of them, about

// No address is as long as this.
std::uint64_t account_of(std::string_view secret, std::string_view user) {
  return FailedAttempts::place(secret, "the account of " + std::string(user));
}

}  // namespace

struct KeyZone::Kept {
  Digest path;
  FileStamp stamp;
  char* text;  // null: none
  std::size_t size;
};

struct KeyZone::Tables {
  Digest secret;
  VerifiedKeys verified;
  FailedAttempts failures;
  Kept stores[kKeptStores];

  [[nodiscard]] std::string_view key() const {
    return {reinterpret_cast<const char*>(secret.data()), secret.size()};
  }
};

Result<Zone*> KeyZone::add(ngx_conf_t* cf) {
  // The tables, the stores, and what the slab allocator needs for itself.
  const std::size_t size = ngx_align(sizeof(Tables), ngx_pagesize) + kKeptBytes + 16 * ngx_pagesize;
  return Zone::add(cf, "notify_keys", size, &prepare);
}

bool KeyZone::prepare(Zone& zone) {
  auto* tables = static_cast<Tables*>(zone.allocate(sizeof(Tables)));
  if (tables == nullptr) {
    return false;
  }
  tables->secret = sha256(random_bytes(sizeof(Digest)));
  zone.set_root(tables);
  return true;
}

std::string_view KeyZone::secret() const { return tables().key(); }

std::optional<KeyTag> KeyZone::find(const Digest& key) {
  return zone_.locked([&] { return tables().verified.find(key); });
}

void KeyZone::insert(const Digest& key, const KeyTag& tag) {
  zone_.locked([&] { tables().verified.insert(key, tag); });
}

KeyZone::Kept* KeyZone::find_kept(std::string_view path) {
  const Digest name = sha256(path);
  const auto begin = std::begin(tables().stores);
  const auto end = std::end(tables().stores);
  auto* found = std::find_if(begin, end, [&](const Kept& each) { return each.path == name; });
  if (found == end) {
    found = std::find_if(begin, end, [](const Kept& each) { return each.path == Digest{}; });
  }
  if (found == end) {
    return nullptr;
  }
  found->path = name;
  return found;
}

void KeyZone::keep(std::string_view path, const FileStamp& stamp, std::string_view text) {
  zone_.locked([&] {
    Kept* place = find_kept(path);
    if (place == nullptr || place->stamp == stamp || place->stamp.changed_ns > stamp.changed_ns) {
      return;
    }
    if (place->text != nullptr) {
      zone_.release(std::exchange(place->text, nullptr));
    }
    place->stamp = stamp;
    place->size = text.size();
    auto* room = static_cast<char*>(zone_.allocate(text.size()));
    if (room != nullptr) {
      text.copy(room, text.size());
      place->text = room;
    }
  });
}

std::string KeyZone::kept(std::string_view path) {
  return zone_.locked([&] {
    const Kept* place = find_kept(path);
    return place == nullptr || place->text == nullptr ? std::string()
                                                      : std::string(place->text, place->size);
  });
}

std::uint64_t KeyZone::wait_ms(std::string_view address, std::uint64_t limit) {
  const std::uint64_t place = FailedAttempts::place(tables().key(), address);
  return zone_.locked([&] { return tables().failures.wait_ms(place, limit, ngx_current_msec); });
}

std::uint64_t KeyZone::wait_ms(std::string_view address, std::string_view user,
                               std::uint64_t limit) {
  const std::uint64_t here = FailedAttempts::place(tables().key(), address);
  const std::uint64_t account = account_of(tables().key(), user);
  return zone_.locked([&] {
    const FailedAttempts& failures = tables().failures;
    const bool failed_here = failures.wait_ms(here, 1, ngx_current_msec) > 0;
    return std::max(failures.wait_ms(here, limit, ngx_current_msec),
                    failed_here ? failures.wait_ms(account, limit, ngx_current_msec) : 0);
  });
}

void KeyZone::failed(std::string_view address, std::string_view user, std::uint64_t limit) {
  const std::uint64_t here = FailedAttempts::place(tables().key(), address);
  const std::uint64_t account = account_of(tables().key(), user);
  zone_.locked([&] {
    tables().failures.add(here, ngx_current_msec, limit);
    if (!user.empty()) {
      tables().failures.add(account, ngx_current_msec, limit);
    }
  });
}

}  // namespace notify
