#include "ngx_notify_module/auth/key_conf.hpp"

#include <algorithm>

#include "ngx_notify_module/auth/key_zone.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/ngx/thread_pool.hpp"
#include "ngx_notify_module/request/headers.hpp"
#include "shared/auth/key_file.hpp"
#include "shared/base/secret.hpp"

namespace notify {
namespace {

constexpr std::uint64_t kDefaultFailures = 300;

// A relative path begins at nginx's prefix, as all of nginx's do.
Result<std::string> full_path(ngx_conf_t* cf, std::string_view path) {
  ngx_str_t name = to_pool(cf->pool, path);
  if (name.data == nullptr || ngx_conf_full_name(cf->cycle, &name, 0) != NGX_OK) {
    return Error{ErrorKind::kInternal, "out of memory"};
  }
  return std::string(view(name));
}

Result<std::string> store_path(ngx_conf_t* cf, std::string_view word) {
  if (!word.starts_with("env:")) {
    return word.empty() ? Result<std::string>(bad_value(word)) : full_path(cf, word);
  }
  const Result<std::string> path = resolve_secret(word);
  return path ? full_path(cf, *path) : path;
}

// Its place in the list; the first one brings along what they all need.
Result<std::size_t> add_store(ngx_conf_t* cf, const std::string& file) {
  MainConf& main = *main_conf<MainConf>(cf);
  const auto found = std::find(main.key_stores.begin(), main.key_stores.end(), file);
  if (found != main.key_stores.end()) {
    return static_cast<std::size_t>(found - main.key_stores.begin());
  }
  const Result<ThreadPool*> threads = use_thread_pool(cf);
  if (!threads) {
    return threads.error();
  }
  const Result<Zone*> zone = KeyZone::add(cf);
  if (!zone) {
    return zone.error();
  }
  main.threads = *threads;
  main.key_zone = *zone;
  main.key_stores.push_back(file);
  return main.key_stores.size() - 1;
}

// It may be made later; but it may as well be a slip.
void warn_of_missing_folder(ngx_conf_t* cf, const std::string& file) {
  const std::string folder = file.substr(0, file.rfind('/') + 1);
  if (FileStamp::of(folder) == FileStamp{}) {
    ngx_str_t text = to_pool(cf->pool, folder);
    ngx_conf_log_error(NGX_LOG_WARN, cf, 0, "the folder \"%V\" of the key store does not exist",
                       &text);
  }
}

}  // namespace

void KeyConf::merge(const KeyConf& parent) {
  if (!source) {
    source = parent.source;
  }
  inherit(failures, parent.failures, kDefaultFailures);
}

Result<void> set_key(ngx_conf_t* cf, Words words, KeyConf& conf) {
  if (conf.source) {
    return is_duplicate();
  }
  KeySource source;
  for (const std::string_view word : words.subspan(1)) {
    const auto header = parameter(word, "header");
    const auto argument = parameter(word, "arg");
    if (header) {
      Result<std::string> name = header_name(word, *header);
      if (!name) {
        return name.error();
      }
      source.header = std::move(*name);
    } else if (argument && !argument->empty()) {
      source.argument = *argument;
      main_conf<MainConf>(cf)->masks.add(*argument);
    } else {
      return bad_parameter(word);
    }
  }
  const Result<std::string> path = store_path(cf, words[0]);
  if (!path) {
    return path.error();
  }
  const std::string file = key_file_path(*path);
  const Result<std::size_t> store = add_store(cf, file);
  if (!store) {
    return store.error();
  }
  warn_of_missing_folder(cf, file);
  source.store = *store;
  conf.source = std::move(source);
  return {};
}

Result<void> set_auth_failures(ngx_conf_t*, Words words, KeyConf& conf) {
  return assign(conf.failures,
                words[0] == "off" ? Result<std::uint64_t>(0) : parse_count(words[0]));
}

}  // namespace notify
