#include "ctl/openness.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace notify::ctl {
namespace {

// What a location can do that hands out or takes something.
constexpr std::array<std::string_view, 15> kOperations{
    "notify_publish",     "notify_publish_batch", "notify_subscribe", "notify_inbox",
    "notify_acknowledge", "notify_consume",       "notify_finish",    "notify_limit",
    "notify_consumers",   "notify_history",       "notify_status",    "notify_clear",
    "notify_remind",      "notify_admin",         "notify_metrics"};

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("localhost") ||
         address.starts_with("::1") || address.starts_with("[::1]") || address.starts_with("unix:");
}

bool uses_module(const Directive& directive) {
  return directive.name().starts_with("notify_") ||
         std::any_of(directive.block.begin(), directive.block.end(), uses_module);
}

std::string joined(const std::vector<std::string>& texts) {
  constexpr std::size_t kShown = 8;
  std::string out;
  for (std::size_t i = 0; i < std::min(texts.size(), kShown); ++i) {
    out += (i == 0 ? "" : ", ") + texts[i];
  }
  return out + (texts.size() > kShown ? ", …" : "");
}

// What an outer block says holds in the inner ones that say nothing of the kind.
struct Rules {
  bool secret = false;
  std::vector<std::string> allowed;
  Reach reach = Reach::kEverybody;
};

// nginx's `allow` and `deny`: the first that fits counts, and who fits none is let in.
void take_access(const Directives& block, Rules& rules) {
  std::vector<std::string> allowed;
  bool found = false;
  bool closed = false;
  for (const Directive& directive : block) {
    if (directive.name() != "allow" && directive.name() != "deny") {
      continue;
    }
    found = true;
    const std::string_view who = directive.word(1);
    if (directive.name() == "allow" && !closed) {
      allowed.emplace_back(who);
    }
    closed = closed || (directive.name() == "deny" && who == "all");
  }
  if (!found) {
    return;
  }
  const bool everybody = std::any_of(allowed.begin(), allowed.end(), [](const std::string& who) {
    return who == "all" || who.ends_with("/0");
  });
  rules.reach = !closed || everybody                                       ? Reach::kEverybody
                : std::all_of(allowed.begin(), allowed.end(), is_loopback) ? Reach::kMachine
                                                                           : Reach::kNetworks;
  rules.allowed = rules.reach == Reach::kEverybody ? std::vector<std::string>() : allowed;
}

void take_secrets(const Directives& block, Rules& rules) {
  for (const Directive& directive : block) {
    if (directive.name() == "notify_auth") {
      rules.secret = directive.word(1) != "off";
    }
    if (directive.name() == "notify_member") {
      rules.secret = rules.secret || std::find(directive.words.begin(), directive.words.end(),
                                               "required") != directive.words.end();
    }
  }
}

const Directive* find_in(const Directives& block, std::string_view name) {
  const auto found = std::find_if(block.begin(), block.end(),
                                  [name](const Directive& one) { return one.name() == name; });
  return found == block.end() ? nullptr : &*found;
}

class Finder {
 public:
  explicit Finder(Openness& out) : out_(out) {}

  void look(const Directive& directive, Rules rules) {
    take_access(directive.block, rules);
    take_secrets(directive.block, rules);
    if (directive.name() == "location") {
      look_at_location(directive, rules);
    }
    for (const Directive& inner : directive.block) {
      if (!inner.block.empty()) {
        look(inner, rules);
      }
    }
  }

 private:
  void look_at_location(const Directive& location, const Rules& rules) {
    const std::string path = location.words.back();
    if (find_in(location.block, "internal") != nullptr) {
      return;
    }
    const bool described = path == "/docs" || path == "/openapi.json";
    if (described && find_in(location.block, "alias") != nullptr) {
      add(path, "STAGE=dev", rules);
    }
    const bool speaks = find_in(location.block, "notify_receive") != nullptr ||
                        find_in(location.block, "notify_echo") != nullptr;
    if (speaks && find_in(location.block, "notify_inbox") != nullptr) {
      add("what sockets of " + path + " say", "NOTIQ_ECHO=on",
          rules.secret ? closed_by_secret(rules) : rules);
    }
    if (rules.secret) {
      return;
    }
    for (const std::string_view operation : kOperations) {
      if (find_in(location.block, operation) != nullptr) {
        return add(path, setting_of(operation), rules);
      }
    }
  }

  static Rules closed_by_secret(Rules rules) {
    rules.reach = Reach::kMachine;
    rules.allowed = {"those who have a key"};
    return rules;
  }

  static std::string setting_of(std::string_view operation) {
    return operation == "notify_inbox"     ? "NOTIQ_SOCKET_AUTH=optional"
           : operation == "notify_publish" ? "INTERNAL_TRUSTED_CIDRS"
                                           : "";
  }

  void add(std::string what, std::string setting, const Rules& rules) {
    const bool known = std::any_of(out_.places.begin(), out_.places.end(),
                                   [&](const OpenPlace& one) { return one.what == what; });
    if (!known) {
      out_.places.push_back(
          {std::move(what), std::move(setting), joined(rules.allowed), rules.reach});
    }
  }

  Openness& out_;
};

void take_listens(const Directive& server, Openness& out) {
  bool found = false;
  const auto add = [&out](std::string_view address) {
    if (std::find(out.listens.begin(), out.listens.end(), address) == out.listens.end()) {
      out.listens.emplace_back(address);
    }
    out.listen = is_loopback(address) ? out.listen : Reach::kEverybody;
  };
  for (const Directive& directive : server.block) {
    if (directive.name() == "listen") {
      found = true;
      add(directive.word(1));
    }
  }
  if (!found) {
    add("80");  // nginx's own default, at every address
  }
}

// Behind a listener of this machine everything is of this machine.
Reach reach_of(const OpenPlace& place, const Openness& openness) {
  return openness.listen == Reach::kMachine ? Reach::kMachine : place.reach;
}

std::string place_text(const OpenPlace& place, const Openness& openness) {
  std::string who = place.networks;
  if (who.empty()) {
    who = reach_of(place, openness) == Reach::kMachine ? "this machine" : "anyone who can connect";
  }
  return place.what + " for " + who +
         (place.setting.empty() ? std::string() : " (" + place.setting + ")");
}

}  // namespace

Openness find_openness(const Directives& conf) {
  Openness out;
  for (const Directive& http : conf) {
    if (http.name() != "http") {
      continue;
    }
    Rules rules;
    take_access(http.block, rules);
    take_secrets(http.block, rules);
    for (const Directive& server : http.block) {
      if (server.name() == "server" && uses_module(server)) {
        take_listens(server, out);
        Finder(out).look(server, rules);
      }
    }
  }
  return out;
}

std::vector<Finding> judge_openness(const Openness& openness) {
  if (openness.listens.empty()) {
    return {{Verdict::kOk, "listens", "no server of nginx uses the module"}};
  }
  const std::string at = joined(openness.listens);
  std::vector<Finding> findings{
      {Verdict::kOk, "listens",
       openness.listen == Reach::kMachine
           ? "for this machine alone, at " + at
           : "for other machines, too, at " + at + " (LISTEN_ADDRESS, or nginx's `listen`)"}};
  for (const OpenPlace& place : openness.places) {
    const bool strangers = reach_of(place, openness) == Reach::kEverybody;
    findings.push_back(
        {strangers ? Verdict::kWarn : Verdict::kOk, "open", place_text(place, openness)});
  }
  return findings;
}

std::string open_line(const Openness& openness) {
  if (openness.listens.empty()) {
    return "open: nothing; no server of nginx uses the module";
  }
  std::string line = openness.listen == Reach::kMachine
                         ? "open: to this machine alone (LISTEN_ADDRESS)"
                         : "open: to other machines at " + joined(openness.listens);
  const char* separator = "; without a secret: ";
  for (const OpenPlace& place : openness.places) {
    line += separator + place_text(place, openness);
    separator = ", ";
  }
  return line;
}

}  // namespace notify::ctl
