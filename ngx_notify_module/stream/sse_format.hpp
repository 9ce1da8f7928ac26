#pragma once

// Server-sent events as the hub's format: what `notify_event` says of a location.

#include <utility>

#include "ngx_notify_module/hub/loss.hpp"
#include "ngx_notify_module/hub/sink.hpp"
#include "ngx_notify_module/wire/event_template.hpp"
#include "ngx_notify_module/wire/sse.hpp"

namespace notify {

class SseFormat final : public hub::Format {
 public:
  void add(EventRule rule) { rules_.add(std::move(rule)); }

  [[nodiscard]] std::string entry(std::string_view stream, const Entry& entry) const override {
    return rules_.render(stream, entry);
  }
  [[nodiscard]] std::string gap(std::string_view stream, std::string_view reason,
                                EntryId after) const override {
    const bool known = !after.is_zero() || reason != hub::reason(hub::Loss::kUnknown);
    return sse::gap(stream, reason, known ? std::optional(after) : std::nullopt);
  }

 private:
  EventRules rules_;
};

}  // namespace notify
