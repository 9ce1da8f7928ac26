#include "ngx_notify_module/admin/key_scan.hpp"

#include <cstring>
#include <utility>

#include "ngx_notify_module/transport/commands.hpp"
#include "shared/base/crypto.hpp"

namespace notify {
namespace {

constexpr int kPage = 256;

std::uint64_t digest_of(std::string_view name) {
  const Digest digest = sha256(name);
  std::uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof(number));
  return number;
}

}  // namespace

KeyScan::KeyScan(std::string match, std::string type)
    : match_(std::move(match)), type_(std::move(type)) {}

redis::Command KeyScan::next() const {
  redis::Command command;
  command.repeat = redis::Repeat::kSafe;
  command.arguments = {"SCAN", cursor_, "COUNT", std::to_string(kPage)};
  if (!match_.empty()) {
    command.arguments.insert(command.arguments.end(), {"MATCH", match_});
  }
  if (!type_.empty()) {
    command.arguments.insert(command.arguments.end(), {"TYPE", type_});
  }
  return command;
}

Result<std::vector<std::string>> KeyScan::take(const redis::Reply& reply) {
  if (reply.is_error()) {
    return error_of(reply);
  }
  const auto cursor = reply[0].bulk();
  if (!cursor || !reply[1].is_array()) {
    return Error{ErrorKind::kInternal, "Redis gave no page of keys"};
  }
  cursor_ = *cursor;
  begun_ = true;
  std::vector<std::string> names;
  names.reserve(reply[1].size());
  for (std::size_t i = 0; i < reply[1].size(); ++i) {
    names.emplace_back(reply[1][i].text());
  }
  return names;
}

bool NameSet::add(std::string_view name) { return digests_.insert(digest_of(name)).second; }

bool NameSet::contains(std::string_view name) const { return digests_.contains(digest_of(name)); }

}  // namespace notify
