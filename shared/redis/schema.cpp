#include "shared/redis/schema.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "shared/base/crypto.hpp"

namespace notify::redis {
namespace {

// Redis Cluster specification, "Hash tags": what stands between the first `{` and the first `}`
// after it, if anything does.
std::string_view hash_tag(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open == std::string_view::npos) {
    return {};
  }
  const std::size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos) {
    return {};
  }
  return key.substr(open + 1, close - open - 1);
}

// Reads from the front of a bell's text; every step checks what is left.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool skip(char c) {
    if (text_.empty() || text_.front() != c) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }

  std::optional<std::string_view> until(char end) {
    const std::size_t place = text_.find(end);
    if (place == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view part = text_.substr(0, place);
    text_.remove_prefix(place + 1);
    return part;
  }

  std::optional<std::size_t> number(char end) {
    std::size_t number = 0;
    const char* last = text_.data() + text_.size();
    const auto [stop, error] = std::from_chars(text_.data(), last, number);
    const auto digits = static_cast<std::size_t>(stop - text_.data());
    if (error != std::errc{} || (digits > 1 && text_.front() == '0')) {
      return std::nullopt;
    }
    text_.remove_prefix(digits);
    return skip(end) ? std::optional(number) : std::nullopt;
  }

  // <length>:<that many bytes>
  std::optional<std::string_view> counted() {
    const auto size = number(':');
    if (!size || *size > text_.size()) {
      return std::nullopt;
    }
    const std::string_view part = text_.substr(0, *size);
    text_.remove_prefix(*size);
    return part;
  }

  [[nodiscard]] std::size_t left() const { return text_.size(); }
  [[nodiscard]] std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

}  // namespace

std::string id_digits(std::uint32_t random) {
  constexpr std::uint32_t kMillion = 1'000'000;
  return std::to_string(kMillion + random % kMillion).substr(1);
}

std::string side_key(std::string_view stream, std::string_view suffix) {
  const std::string_view tag = hash_tag(stream);
  std::string key;
  key.reserve(stream.size() + tag.size() + suffix.size() + 12);
  key.append("notify:{").append(tag.empty() ? stream : tag).append("}:");
  if (!tag.empty()) {
    key.append(stream).append(":");
  }
  return key.append(suffix);
}

bool is_side_suffix(std::string_view suffix) {
  constexpr std::array<std::string_view, 5> kWhole{"latest", "requests", "due", "dead", "notices"};
  constexpr std::array<std::string_view, 7> kKinds{
      "idem:", "due:", "mark:", "consumers:", "lease:", "finished:", "finished-before:"};
  // A brace belongs to another stream, whose hash tag is this one's name.
  if (suffix.find('{') != std::string_view::npos) {
    return false;
  }
  const auto begins = [suffix](std::string_view kind) {
    return suffix.size() > kind.size() && suffix.starts_with(kind);
  };
  return std::find(kWhole.begin(), kWhole.end(), suffix) != kWhole.end() ||
         std::any_of(kKinds.begin(), kKinds.end(), begins);
}

bool shares_slot(std::string_view stream) {
  return !stream.empty() &&
         (!hash_tag(stream).empty() || stream.find('}') == std::string_view::npos);
}

std::string bell_channel(std::string_view stream, int database) {
  std::string channel = side_key(stream, "bell");
  if (database != 0) {
    channel.append("@").append(std::to_string(database));
  }
  return channel;
}

std::string latest_key(std::string_view stream) { return side_key(stream, "latest"); }

std::string requests_key(std::string_view stream) { return side_key(stream, "requests"); }

std::string idempotency_key(std::string_view stream, std::string_view client_key) {
  return side_key(stream, "idem:" + hex(sha256(client_key)));
}

std::optional<EntryId> parse_bell_id(std::string_view payload) {
  Reader reader(payload);
  if (!reader.skip('1') || !reader.skip(' ') || !reader.until(' ')) {
    return std::nullopt;
  }
  const auto id = reader.until(' ');
  return id ? parse_entry_id(*id) : std::nullopt;
}

std::optional<Bell> parse_bell(std::string_view payload) {
  // The shortest field is "0:0:": a count that the text cannot hold is refused before it costs.
  constexpr std::size_t kShortestField = 4;
  Reader reader(payload);
  if (!reader.skip('1') || !reader.skip(' ')) {
    return std::nullopt;
  }
  const auto prev_text = reader.until(' ');
  const auto id_text = prev_text ? reader.until(' ') : std::nullopt;
  const auto prev = id_text ? parse_entry_id(*prev_text) : std::nullopt;
  const auto id = prev ? parse_entry_id(*id_text) : std::nullopt;
  if (!id || *id <= *prev) {
    return std::nullopt;
  }
  if (reader.rest() == "-\n") {
    return Bell{*prev, *id, std::nullopt};
  }
  const auto count = reader.number('\n');
  if (!count || *count > reader.left() / kShortestField) {
    return std::nullopt;
  }
  Entry entry{*id, {}};
  entry.fields.reserve(*count);
  for (std::size_t i = 0; i < *count; ++i) {
    const auto name = reader.counted();
    const auto value = name ? reader.counted() : std::nullopt;
    if (!value) {
      return std::nullopt;
    }
    entry.fields.emplace_back(*name, *value);
  }
  if (reader.left() != 0) {
    return std::nullopt;
  }
  return Bell{*prev, *id, std::move(entry)};
}

}  // namespace notify::redis
