#include "worker/catalog/templates/schema_format.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "shared/base/text.hpp"
#include "worker/net/target_address.hpp"

namespace notify::worker {
namespace {

constexpr std::array<std::pair<std::string_view, SchemaFormat>, 11> kFormats{{
    {"date-time", SchemaFormat::kDateTime},
    {"date", SchemaFormat::kDate},
    {"time", SchemaFormat::kTime},
    {"email", SchemaFormat::kEmail},
    {"hostname", SchemaFormat::kHostname},
    {"ipv4", SchemaFormat::kIpv4},
    {"ipv6", SchemaFormat::kIpv6},
    {"uri", SchemaFormat::kUri},
    {"uri-reference", SchemaFormat::kUriReference},
    {"json-pointer", SchemaFormat::kJsonPointer},
    {"relative-json-pointer", SchemaFormat::kRelativeJsonPointer},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Takes exactly so many digits off the front; -1: they are not there.
int take_digits(std::string_view& text, std::size_t count) {
  int number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= text.size() || !is_digit(text[i])) {
      return -1;
    }
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, char c) {
  const bool there = text.starts_with(c);
  text.remove_prefix(there ? 1 : 0);
  return there;
}

bool is_date(std::string_view text) {
  const int year = take_digits(text, 4);
  const bool first = take(text, '-');
  const int month = take_digits(text, 2);
  const bool second = take(text, '-');
  const int day = take_digits(text, 2);
  if (year < 0 || !first || month < 1 || month > 12 || !second || day < 1 || !text.empty()) {
    return false;
  }
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  constexpr std::array kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return day <= kDays[static_cast<std::size_t>(month - 1)] + (leap && month == 2 ? 1 : 0);
}

// RFC 3339's full-time: a leap second is the last one of a day in UTC.
bool is_time(std::string_view text) {
  const int hour = take_digits(text, 2);
  const bool first = take(text, ':');
  const int minute = take_digits(text, 2);
  const bool second = take(text, ':');
  const int seconds = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !first || minute < 0 || minute > 59 || !second || seconds < 0 ||
      seconds > 60) {
    return false;
  }
  if (take(text, '.')) {
    const auto end = text.find_first_not_of("0123456789");
    if (end == 0 || text.empty()) {
      return false;
    }
    text.remove_prefix(std::min(end, text.size()));
  }
  int offset = 0;
  if (!take(text, 'Z') && !take(text, 'z')) {
    const bool west = text.starts_with('-');
    if (!west && !text.starts_with('+')) {
      return false;
    }
    text.remove_prefix(1);
    const int hours = take_digits(text, 2);
    const bool colon = take(text, ':');
    const int minutes = take_digits(text, 2);
    if (hours < 0 || hours > 23 || !colon || minutes < 0 || minutes > 59) {
      return false;
    }
    offset = (hours * 60 + minutes) * (west ? 1 : -1);
  }
  constexpr int kDay = 24 * 60;
  const int utc = (hour * 60 + minute + offset + kDay) % kDay;
  return text.empty() && (seconds < 60 || utc == kDay - 1);
}

bool is_date_time(std::string_view text) {
  return text.size() > 11 && (text[10] == 'T' || text[10] == 't') && is_date(text.substr(0, 10)) &&
         is_time(text.substr(11));
}

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253) {
    return false;
  }
  while (true) {
    const auto label = text.substr(0, text.find('.'));
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        !std::all_of(label.begin(), label.end(),
                     [](char c) { return is_digit(c) || is_letter(c) || c == '-'; })) {
      return false;
    }
    if (label.size() == text.size()) {
      return true;
    }
    text.remove_prefix(label.size() + 1);
  }
}

bool is_ipv4(std::string_view text) {
  return text.find(':') == text.npos && parse_address(text).has_value();
}
bool is_ipv6(std::string_view text) {
  return text.find(':') != text.npos && parse_address(text).has_value();
}

bool is_local_part(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    const auto inner = text.substr(1, text.size() - 2);
    return std::all_of(inner.begin(), inner.end(),
                       [](char c) { return c >= ' ' && c < 127 && c != '"'; });
  }
  constexpr std::string_view kOthers = "!#$%&'*+-/=?^_`{|}~.";
  return !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == text.npos && std::all_of(text.begin(), text.end(), [kOthers](char c) {
           return is_digit(c) || is_letter(c) || kOthers.find(c) != kOthers.npos;
         });
}

bool is_email(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == text.npos || !is_local_part(text.substr(0, at))) {
    return false;
  }
  const auto domain = text.substr(at + 1);
  if (domain.starts_with('[') && domain.ends_with(']')) {
    auto address = domain.substr(1, domain.size() - 2);
    return address.starts_with("IPv6:") ? is_ipv6(address.substr(5)) : is_ipv4(address);
  }
  return is_hostname(domain);
}

// RFC 3986. Characters first, then the scheme and a host in brackets.
bool has_uri_characters(std::string_view text) {
  constexpr std::string_view kOthers = "-._~:/?#[]@!$&'()*+,;=";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex_digit(text[i + 1]) || !is_hex_digit(text[i + 2])) {
        return false;
      }
      i += 2;
    } else if (!is_digit(c) && !is_letter(c) && kOthers.find(c) == kOthers.npos) {
      return false;
    }
  }
  return std::count(text.begin(), text.end(), '#') <= 1;
}

bool is_authority(std::string_view text) {
  if (const auto at = text.rfind('@'); at != text.npos) {
    if (text.substr(0, at).find_first_of("[]@") != text.npos) {
      return false;
    }
    text.remove_prefix(at + 1);
  }
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos || !is_ipv6(text.substr(1, close - 1))) {
      return false;
    }
    text.remove_prefix(close + 1);
    if (!text.empty() && text.front() != ':') {
      return false;
    }
  } else {
    text.remove_prefix(std::min(text.find(':'), text.size()));
  }
  return text.empty() || text.find_first_not_of("0123456789", 1) == text.npos;
}

bool is_uri_reference(std::string_view text) {
  if (!has_uri_characters(text)) {
    return false;
  }
  const auto end = text.find_first_of(":/?#");
  if (end != text.npos && text[end] == ':') {
    const auto scheme = text.substr(0, end);
    const auto fits = [](char c) {
      return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
    };
    if (scheme.empty() || !is_letter(scheme.front()) ||
        !std::all_of(scheme.begin(), scheme.end(), fits)) {
      return false;
    }
    text.remove_prefix(end + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const auto path = std::min(text.find_first_of("/?#"), text.size());
    if (!is_authority(text.substr(0, path))) {
      return false;
    }
    text.remove_prefix(path);
  }
  return text.find_first_of("[]") == text.npos;
}

bool is_uri(std::string_view text) {
  const auto end = text.find_first_of(":/?#");
  return end != text.npos && text[end] == ':' && is_uri_reference(text);
}

bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') {
    return false;
  }
  for (auto at = text.find('~'); at != text.npos; at = text.find('~', at + 1)) {
    if (at + 1 >= text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) {
      return false;
    }
  }
  return true;
}

bool is_relative_json_pointer(std::string_view text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto rest = text.substr(end);
  return end > 0 && (end == 1 || text.front() != '0') && (rest == "#" || is_json_pointer(rest));
}

}  // namespace

std::optional<SchemaFormat> find_format(std::string_view name) {
  for (const auto& [known, format] : kFormats) {
    if (known == name) {
      return format;
    }
  }
  return std::nullopt;
}

std::string_view name_of(SchemaFormat format) {
  return std::find_if(kFormats.begin(), kFormats.end(),
                      [format](const auto& row) { return row.second == format; })
      ->first;
}

bool has_format(SchemaFormat format, std::string_view text) {
  switch (format) {
    case SchemaFormat::kDateTime:
      return is_date_time(text);
    case SchemaFormat::kDate:
      return is_date(text);
    case SchemaFormat::kTime:
      return is_time(text);
    case SchemaFormat::kEmail:
      return is_email(text);
    case SchemaFormat::kHostname:
      return is_hostname(text);
    case SchemaFormat::kIpv4:
      return is_ipv4(text);
    case SchemaFormat::kIpv6:
      return is_ipv6(text);
    case SchemaFormat::kUri:
      return is_uri(text);
    case SchemaFormat::kUriReference:
      return is_uri_reference(text);
    case SchemaFormat::kJsonPointer:
      return is_json_pointer(text);
    case SchemaFormat::kRelativeJsonPointer:
      return is_relative_json_pointer(text);
  }
  return true;
}

}  // namespace notify::worker
