#include "ngx_notify_module/wire/event_template.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "ngx_notify_module/wire/sse.hpp"
#include "shared/base/json.hpp"
#include "shared/base/utf8.hpp"

namespace notify {
namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

Error unknown_variable(std::string_view name, std::string_view text) {
  return invalid("unknown variable \"$" + std::string(name) + "\" in \"" + std::string(text) +
                 "\"");
}

Error invalid_parameter(std::string_view word) {
  return invalid("invalid parameter \"" + std::string(word) + "\"");
}

// nginx knows quotes only around a whole word: in data='$object' they come along.
std::string_view unquoted(std::string_view value) {
  const bool both = value.size() > 1 && value.front() == '\'' && value.back() == '\'';
  return both ? value.substr(1, value.size() - 2) : value;
}

// JSON as it stands, on one line; anything else as a JSON string.
void append_value(std::string& out, std::string_view field) {
  if (const Result<json::Value> value = json::parse_value(field)) {
    json::append_single_line(out, value->raw);
  } else {
    json::append_quoted(out, field);
  }
}

void append_object(std::string& out, const Entry& entry) {
  // Of a native client's entry with very many fields each is looked at once, not against all
  // others.
  constexpr std::size_t kFew = 16;
  std::unordered_set<std::string_view> met;
  const bool few = entry.fields.size() <= kFew;
  out.push_back('{');
  for (const auto& [name, value] : entry.fields) {
    if (few ? entry.find(name) != &value : !met.insert(name).second) {
      continue;  // a name that repeats: the first one counts
    }
    if (out.back() != '{') {
      out.push_back(',');
    }
    json::append_quoted(out, name);
    out.push_back(':');
    json::append_quoted(out, value);
  }
  out.push_back('}');
}

void append_text(std::string& out, std::string_view text) {
  for (const char c : to_valid_utf8(text)) {
    if (c != '\r' && c != '\n' && c != '\0') {
      out.push_back(c);
    }
  }
}

// The inside of a JSON string.
void append_escaped(std::string& out, std::string_view text) {
  const std::string quoted = json::quoted(text);
  out.append(quoted, 1, quoted.size() - 2);
}

}  // namespace

// ---- templates ----------------------------------------------------------------------------------

Result<EventTemplate> EventTemplate::compile(std::string_view text, Place place) {
  EventTemplate result;
  result.place_ = place;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t dollar = std::min(rest.find('$'), rest.size());
    if (dollar > 0) {
      result.parts_.push_back({Kind::kLiteral, std::string(rest.substr(0, dollar))});
      rest.remove_prefix(dollar);
      continue;
    }
    rest.remove_prefix(1);
    std::string_view name;
    if (rest.starts_with('{')) {
      const std::size_t end = rest.find('}');
      if (end == std::string_view::npos) {
        return invalid("the closing bracket in \"" + std::string(text) + "\" is missing");
      }
      name = rest.substr(1, end - 1);
      rest.remove_prefix(end + 1);
    } else {
      name = rest.substr(
          0, static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_name_char) -
                                      rest.begin()));
      rest.remove_prefix(name.size());
    }
    std::optional<Part> part = variable(name, place);
    if (!part) {
      return unknown_variable(name, text);
    }
    result.parts_.push_back(std::move(*part));
  }
  return result;
}

std::optional<EventTemplate::Part> EventTemplate::variable(std::string_view name, Place place) {
  struct Known {
    std::string_view name;
    Kind kind;
    bool in_data;
    bool in_name;
  };
  static constexpr Known kWhole[] = {
      {"event_id", Kind::kEventId, true, true},
      {"entry_id", Kind::kEntryId, true, true},
      {"stream", Kind::kStream, true, true},
      {"object", Kind::kObject, true, false},
  };
  static constexpr Known kPrefixes[] = {
      {"json_", Kind::kQuoted, true, false},
      {"value_", Kind::kAsIs, true, false},
      {"text_", Kind::kPlain, false, true},
  };
  const auto allowed = [place](const Known& known) {
    return place == Place::kData ? known.in_data : known.in_name;
  };
  for (const Known& known : kWhole) {
    if (name == known.name && allowed(known)) {
      return Part{known.kind, {}};
    }
  }
  for (const Known& known : kPrefixes) {
    if (name.size() > known.name.size() && name.starts_with(known.name) && allowed(known)) {
      return Part{known.kind, std::string(name.substr(known.name.size()))};
    }
  }
  return std::nullopt;
}

std::string EventTemplate::render(std::string_view stream, const Entry& entry) const {
  std::string out;
  for (const Part& part : parts_) {
    append(out, part, stream, entry);
  }
  return out;
}

void EventTemplate::append(std::string& out, const Part& part, std::string_view stream,
                           const Entry& entry) const {
  switch (part.kind) {
    case Kind::kLiteral:
      out.append(part.text);
      return;
    case Kind::kEventId:
      out.append(format_event_id(entry.id));
      return;
    case Kind::kEntryId:
      out.append(format_entry_id(entry.id));
      return;
    case Kind::kObject:
      append_object(out, entry);
      return;
    case Kind::kStream:
      place_ == Place::kData ? append_escaped(out, stream) : append_text(out, stream);
      return;
    case Kind::kQuoted:
    case Kind::kAsIs:
    case Kind::kPlain:
      break;
  }
  const std::string* field = entry.find(part.text);
  if (part.kind == Kind::kPlain) {
    append_text(out, field == nullptr ? std::string_view{} : *field);
  } else if (field == nullptr) {
    out.append("null");
  } else if (part.kind == Kind::kQuoted) {
    json::append_quoted(out, *field);
  } else {
    append_value(out, *field);
  }
}

// ---- rules --------------------------------------------------------------------------------------

Result<EventRule> parse_event_rule(std::span<const std::string_view> words) {
  EventRule rule;
  bool has_data = false;
  bool has_id = false;
  for (const std::string_view word : words) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    if (equals == std::string_view::npos) {
      return invalid_parameter(word);
    }
    const std::string_view value = unquoted(word.substr(equals + 1));
    const bool again = (name == "if" && rule.if_field) || (name == "id" && has_id) ||
                       (name == "name" && rule.name) || (name == "data" && has_data);
    if (again) {
      return invalid("duplicate parameter \"" + std::string(word) + "\"");
    }
    if (name == "if" && !value.empty()) {
      rule.if_field = value;
    } else if (name == "id" && (value == "on" || value == "off")) {
      has_id = true;
      rule.id = value == "on";
    } else if (name == "name" || name == "data") {
      Result<EventTemplate> compiled = EventTemplate::compile(
          value, name == "name" ? EventTemplate::Place::kName : EventTemplate::Place::kData);
      if (!compiled) {
        return compiled.error();
      }
      if (name == "name") {
        rule.name = std::move(*compiled);
      } else {
        rule.data = std::move(*compiled);
        has_data = true;
      }
    } else {
      return invalid_parameter(word);
    }
  }
  if (!has_data) {
    return invalid("no \"data=\" parameter");
  }
  return rule;
}

bool EventTemplate::is_fixed() const {
  return std::all_of(parts_.begin(), parts_.end(),
                     [](const Part& part) { return part.kind == Kind::kLiteral; });
}

bool EventRules::is_reserved(std::string_view name) const {
  return std::find(std::begin(kOwnEvents), std::end(kOwnEvents), name) != std::end(kOwnEvents) ||
         std::find(reserved_.begin(), reserved_.end(), name) != reserved_.end();
}

bool EventRules::has_ids() const {
  const bool all_fit = !rules_.empty() && !rules_.back().if_field;
  return !all_fit ||
         std::any_of(rules_.begin(), rules_.end(), [](const EventRule& rule) { return rule.id; });
}

void EventRules::reserve(std::string_view name) {
  if (!is_reserved(name)) {
    reserved_.emplace_back(name);
  }
}

std::string EventRules::name_of(const EventRule& rule, std::string_view stream,
                                const Entry& entry) const {
  std::string name = rule.name ? rule.name->render(stream, entry) : std::string();
  const std::size_t word = std::min(name.find_first_not_of('_'), name.size());
  if (rule.name && !rule.name->is_fixed() && is_reserved(std::string_view(name).substr(word))) {
    name.insert(0, 1, '_');
  }
  return name;
}

Event EventRules::show(std::string_view stream, const Entry& entry) const {
  const auto rule = std::find_if(rules_.begin(), rules_.end(), [&](const EventRule& each) {
    return !each.if_field || entry.find(*each.if_field) != nullptr;
  });
  if (rule == rules_.end()) {
    std::string object;
    append_object(object, entry);
    return {std::move(object), "", format_event_id(entry.id)};
  }
  return {rule->data.render(stream, entry), name_of(*rule, stream, entry),
          rule->id ? format_event_id(entry.id) : ""};
}

std::string EventRules::render(std::string_view stream, const Entry& entry) const {
  const Event event = show(stream, entry);
  std::string out;
  sse::append_event(out, event.data, event.name, event.id);
  return out;
}

std::string EventRules::render_open(std::string_view stream, const Entry& entry) const {
  const Event event = show(stream, entry);
  std::string out;
  sse::append_open_event(out, event.data, event.name);
  if (event.id.empty()) {
    sse::append_id(out, "");
  }
  return out;
}

std::string EventRules::render_json(std::string_view stream, const Entry& entry) const {
  std::string out;
  append_value(out, show(stream, entry).data);
  return out;
}

}  // namespace notify
