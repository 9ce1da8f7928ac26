#pragma once

// The formats of JSON Schema (draft 7) that are checked, by hand and in linear time. Others, and
// names that nobody knows, say nothing: `regex`, `uri-template` and the international ones. Pure.

#include <optional>
#include <string_view>

namespace notify::worker {

enum class SchemaFormat {
  kDateTime,
  kDate,
  kTime,
  kEmail,
  kHostname,
  kIpv4,
  kIpv6,
  kUri,
  kUriReference,
  kJsonPointer,
  kRelativeJsonPointer,
};

// nullopt: not checked.
std::optional<SchemaFormat> find_format(std::string_view name);
std::string_view name_of(SchemaFormat format);

[[nodiscard]] bool has_format(SchemaFormat format, std::string_view text);

}  // namespace notify::worker
