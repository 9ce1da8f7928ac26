#pragma once

// How an entry is shown to subscribers: the lines `notify_event …;` of a location, compiled. Pure.
//
//   notify_event [if=FIELD] [id=on|off] [name=TEMPLATE] data=TEMPLATE;
//
// The first one whose `if=` field the entry has (or that has no `if=`) shows it; without one the
// entry is shown as data=$object id=on. In a template:
//
//   $object       all fields, as an object of strings
//   $event_id     the entry's id, as in `id:` lines
//   $entry_id     the same in Redis' spelling
//   $stream       the stream's name, escaped for a JSON string
//   $json_NAME    the field as a JSON string, or null
//   $value_NAME   the field itself if it is JSON, else as a JSON string; null if it is absent
//
// ${json_NAME} where NAME has other characters than [A-Za-z0-9_]
//
// and in `name=`, where JSON makes no sense: $event_id, $entry_id, $stream, and
//
//   $text_NAME    the field's text without line ends
//
// There is no way to write a `$` that means itself. The values are the same for all subscribers:
// an entry is rendered once, so nginx's variables are not known here.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/model/entry.hpp"

namespace notify {

class EventTemplate {
 public:
  enum class Place { kData, kName };

  // Errors (kInvalid) in nginx's voice: unknown variable "$foo" in "…".
  static Result<EventTemplate> compile(std::string_view text, Place place);

  [[nodiscard]] std::string render(std::string_view stream, const Entry& entry) const;
  // The same text for each entry, as the configuration has it.
  [[nodiscard]] bool is_fixed() const;

 private:
  enum class Kind { kLiteral, kEventId, kEntryId, kStream, kObject, kQuoted, kAsIs, kPlain };
  struct Part {
    Kind kind;
    std::string text;  // a literal, or the field's name
  };

  static std::optional<Part> variable(std::string_view name, Place place);
  void append(std::string& out, const Part& part, std::string_view stream,
              const Entry& entry) const;

  std::vector<Part> parts_;
  Place place_ = Place::kData;
};

struct EventRule {
  std::optional<std::string> if_field;
  bool id = true;
  std::optional<EventTemplate> name;
  EventTemplate data;
};

// The words after the directive's name.
Result<EventRule> parse_event_rule(std::span<const std::string_view> words);

// An entry as it is shown, before it becomes bytes.
struct Event {
  std::string data;
  std::string name;  // empty: none
  std::string id;    // empty: none
};

// Names by which the product itself and browsers speak to a stream's client. A name that comes from
// an entry is never one of them: it gets a `_` in front, as does one that has some already, so that
// two names stay two.
inline constexpr std::string_view kOwnEvents[] = {"gap",  "expired", "ready",
                                                  "open", "place",   "error"};

class EventRules {
 public:
  void add(EventRule rule) { rules_.push_back(std::move(rule)); }
  // One more own name: that of `notify_open`.
  void reserve(std::string_view name);
  [[nodiscard]] bool is_reserved(std::string_view name) const;
  // Whether an entry may be shown with an id.
  [[nodiscard]] bool has_ids() const;

  [[nodiscard]] Event show(std::string_view stream, const Entry& entry) const;
  // As a frame of server-sent events.
  [[nodiscard]] std::string render(std::string_view stream, const Entry& entry) const;
  // The same, but one that is to have an id is left open (see sse::append_open_event).
  [[nodiscard]] std::string render_open(std::string_view stream, const Entry& entry) const;
  // Its data alone, as JSON: what is none becomes a string.
  [[nodiscard]] std::string render_json(std::string_view stream, const Entry& entry) const;

 private:
  [[nodiscard]] std::string name_of(const EventRule& rule, std::string_view stream,
                                    const Entry& entry) const;

  std::vector<EventRule> rules_;
  std::vector<std::string> reserved_;  // besides kOwnEvents
};

}  // namespace notify
