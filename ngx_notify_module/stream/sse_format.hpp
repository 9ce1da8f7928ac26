#pragma once

// Server-sent events as the hub's format: what `notify_event` says of a location.

#include <memory>
#include <optional>
#include <utility>

#include "ngx_notify_module/hub/loss.hpp"
#include "ngx_notify_module/hub/sink.hpp"
#include "ngx_notify_module/stream/open_format.hpp"
#include "ngx_notify_module/wire/event_template.hpp"
#include "ngx_notify_module/wire/sse.hpp"

namespace notify {

class SseFormat final : public hub::Format {
 public:
  void add(EventRule rule) { rules_.add(std::move(rule)); }
  void reserve(std::string_view name) { rules_.reserve(name); }

  [[nodiscard]] std::string entry(std::string_view stream, const Entry& entry) const override {
    return rules_.render(stream, entry);
  }
  [[nodiscard]] std::string gap(std::string_view stream, std::string_view reason, EntryId after,
                                EntryId position) const override {
    return sse::gap(stream, reason, known_position(reason, after), place_of(position));
  }

  [[nodiscard]] const EventRules& rules() const { return rules_; }
  // As a gap tells it: null where nobody can.
  static std::optional<EntryId> known_position(std::string_view reason, EntryId after) {
    const bool known = !after.is_zero() || reason != hub::reason(hub::Loss::kUnknown);
    return known ? std::optional(after) : std::nullopt;
  }
  // Nothing where clients are told no ids: they cannot come back by one.
  [[nodiscard]] std::optional<EntryId> place_of(EntryId position) const {
    return rules_.has_ids() ? std::optional(position) : std::nullopt;
  }

 private:
  EventRules rules_;
};

// The same for a client that has several streams.
class SseOpenFormat final : public OpenFormat {
 public:
  explicit SseOpenFormat(std::shared_ptr<const SseFormat> format) : format_(std::move(format)) {}

  [[nodiscard]] std::string entry(std::string_view stream, const Entry& entry) const override {
    return format_->rules().render_open(stream, entry);
  }
  [[nodiscard]] std::string gap(std::string_view stream, std::string_view reason, EntryId after,
                                EntryId position) const override {
    const auto place = format_->place_of(position);
    const std::string data =
        sse::gap_data(stream, reason, SseFormat::known_position(reason, after), place);
    std::string out;
    sse::append_open_event(out, data, "gap");
    if (!place) {
      sse::append_id(out, "");
    }
    return out;
  }

  [[nodiscard]] bool is_open(std::string_view frame) const override {
    return !sse::is_complete(frame);
  }
  void begin(std::string&, std::string_view, std::size_t) const override {}
  void end(std::string& out, std::string_view id) const override { sse::append_id(out, id); }
  [[nodiscard]] std::string place(std::string_view id) const override { return sse::bare_id(id); }

 private:
  std::shared_ptr<const SseFormat> format_;
};

}  // namespace notify
