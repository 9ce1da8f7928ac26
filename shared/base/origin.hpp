#pragma once

// Origins of web pages, as browsers say them in the header `Origin` (RFC 6454, section 7). Pure.

#include <optional>
#include <string>
#include <string_view>

namespace notify::origin {

// `https://app.example.org`, `http://[::1]:8080`: scheme, host and port, and nothing else; in lower
// case, without the scheme's own port. nullopt: it is none, such as `null` or one with a path.
std::optional<std::string> parse(std::string_view text);

// Whether a page of that origin (as parse() gives it) came from the host that the request was sent
// to (the header `Host`). The scheme does not count: a proxy in front of nginx may speak TLS.
bool is_host(std::string_view origin, std::string_view host);

// Whether nobody else can make that host (a name or an address, without a port) lead elsewhere: an
// address, or localhost (RFC 6761, section 6.3). A name whose last part is a number is an address
// to browsers, and no name.
bool is_fixed_host(std::string_view host);

}  // namespace notify::origin
