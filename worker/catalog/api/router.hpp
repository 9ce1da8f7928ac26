#pragma once

// Which operation a method and a path mean. Pure.

#include <string>
#include <string_view>

#include "worker/catalog/nouns/noun.hpp"

namespace notify::worker {

enum class Operation {
  kHealth,
  kCreate,
  kList,
  kGet,
  kFind,  // by its name
  kUpdate,
  kDeactivate,
  kListOf,  // the rows of `noun` that refer to one of `owner`
  kRegenerateKey,
  kStatus,
  kSetStatus,
  kCreateRequest,
  kSend,
  kAcknowledge,
  kToken,
};

enum class Access { kOpen, kSuperuser, kClient };

struct Route {
  std::string_view method;
  std::string_view path;  // `*` is a part that varies
  Operation operation;
  Access access;
  const Noun* noun = nullptr;
  const Noun* owner = nullptr;
};

struct RouteMatch {
  const Route* route = nullptr;
  std::string part;   // what varies, decoded
  std::string allow;  // without a route: the methods that the path has; empty: no such path
};

RouteMatch match_route(std::string_view method, std::string_view path);

}  // namespace notify::worker
