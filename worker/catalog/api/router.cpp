#include "worker/catalog/api/router.hpp"

#include <algorithm>
#include <array>

#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

using enum Operation;

constexpr auto kSuper = Access::kSuperuser;

constexpr std::array kRoutes = {
    Route{"GET", "/api/health", kHealth, Access::kOpen},

    Route{"POST", "/api/clients", kCreate, kSuper, &kClients},
    Route{"GET", "/api/clients", kList, kSuper, &kClients},
    Route{"GET", "/api/clients/*", kGet, kSuper, &kClients},
    Route{"PUT", "/api/clients/*", kUpdate, kSuper, &kClients},
    Route{"PUT", "/api/clients/*/regenerate_api_key", kRegenerateKey, kSuper, &kClients},
    Route{"DELETE", "/api/clients/*/mark_inactive", kDeactivate, kSuper, &kClients},
    Route{"GET", "/api/clients/*/receivers", kListOf, kSuper, &kReceivers, &kClients},
    Route{"GET", "/api/clients/*/requests", kListOf, kSuper, &kRequests, &kClients},

    Route{"POST", "/api/channels", kCreate, kSuper, &kChannels},
    Route{"GET", "/api/channels", kList, kSuper, &kChannels},
    Route{"GET", "/api/channels/name/*", kFind, kSuper, &kChannels},
    Route{"GET", "/api/channels/*", kGet, kSuper, &kChannels},
    Route{"PUT", "/api/channels/*", kUpdate, kSuper, &kChannels},
    Route{"DELETE", "/api/channels/*/mark_inactive", kDeactivate, kSuper, &kChannels},
    Route{"GET", "/api/channels/*/providers", kListOf, kSuper, &kProviders, &kChannels},
    Route{"GET", "/api/channels/*/templates", kListOf, kSuper, &kTemplates, &kChannels},

    Route{"POST", "/api/providers", kCreate, kSuper, &kProviders},
    Route{"GET", "/api/providers", kList, kSuper, &kProviders},
    Route{"GET", "/api/providers/name/*", kFind, kSuper, &kProviders},
    Route{"GET", "/api/providers/*", kGet, kSuper, &kProviders},
    Route{"PUT", "/api/providers/*", kUpdate, kSuper, &kProviders},
    Route{"DELETE", "/api/providers/*/mark_inactive", kDeactivate, kSuper, &kProviders},
    Route{"GET", "/api/providers/*/templates", kListOf, kSuper, &kTemplates, &kProviders},

    Route{"POST", "/api/receivers", kCreate, kSuper, &kReceivers},
    Route{"GET", "/api/receivers", kList, kSuper, &kReceivers},
    Route{"GET", "/api/receivers/*", kGet, kSuper, &kReceivers},
    Route{"PUT", "/api/receivers/*", kUpdate, kSuper, &kReceivers},
    Route{"DELETE", "/api/receivers/*/mark_inactive", kDeactivate, kSuper, &kReceivers},
    Route{"GET", "/api/receivers/*/requests", kListOf, kSuper, &kRequests, &kReceivers},

    Route{"POST", "/api/templates", kCreate, kSuper, &kTemplates},
    Route{"GET", "/api/templates", kList, kSuper, &kTemplates},
    Route{"GET", "/api/templates/*", kGet, kSuper, &kTemplates},
    Route{"PUT", "/api/templates/*", kUpdate, kSuper, &kTemplates},
    Route{"DELETE", "/api/templates/*/mark_inactive", kDeactivate, kSuper, &kTemplates},

    Route{"POST", "/api/notification/send", kSend, Access::kClient},
    Route{"POST", "/api/notification/acknowledge", kAcknowledge, Access::kClient},
    Route{"POST", "/api/notification/token", kToken, Access::kClient},

    Route{"POST", "/api/requests", kCreateRequest, kSuper, &kRequests},
    Route{"GET", "/api/requests", kList, kSuper, &kRequests},
    Route{"GET", "/api/requests/*", kGet, kSuper, &kRequests},
    Route{"GET", "/api/requests/*/status", kStatus, kSuper, &kRequests},
    Route{"PUT", "/api/requests/*/status", kSetStatus, kSuper, &kRequests},
};

std::string_view next_part(std::string_view& path) {
  const auto slash = path.find('/');
  const auto part = path.substr(0, slash);
  path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  return part;
}

bool fits(std::string_view pattern, std::string_view path, std::string& part) {
  if (std::count(pattern.begin(), pattern.end(), '/') !=
      std::count(path.begin(), path.end(), '/')) {
    return false;
  }
  while (!pattern.empty()) {
    const auto wanted = next_part(pattern);
    const auto given = next_part(path);
    if (wanted == "*") {
      if (given.empty()) {
        return false;
      }
      part = percent_decode(given);
    } else if (wanted != given) {
      return false;
    }
  }
  return path.empty();
}

}  // namespace

RouteMatch match_route(std::string_view method, std::string_view path) {
  RouteMatch out;
  for (const auto& route : kRoutes) {
    std::string part;
    if (!fits(route.path, path, part)) {
      continue;
    }
    if (route.method == method) {
      out.route = &route;
      out.part = std::move(part);
      out.allow.clear();
      return out;
    }

    out.allow += (out.allow.empty() ? "" : ", ") + std::string(route.method);
  }
  return out;
}

}  // namespace notify::worker
