#pragma once

// Messages of a WebSocket as the hub's format: the same `notify_event` lines as for server-sent
// events, in the shape that `notify_websocket` says.

#include <memory>
#include <utility>

#include "ngx_notify_module/stream/sse_format.hpp"
#include "ngx_notify_module/wire/message.hpp"

namespace notify {

class MessageFormat final : public hub::Format {
 public:
  MessageFormat(std::shared_ptr<const SseFormat> events, message::Shape shape)
      : events_(std::move(events)), shape_(shape) {}

  [[nodiscard]] std::string entry(std::string_view stream, const Entry& entry) const override {
    return message::frame(shape_, events_->rules().show(stream, entry));
  }
  [[nodiscard]] std::string gap(std::string_view stream, std::string_view reason, EntryId after,
                                EntryId position) const override {
    return message::frame(shape_, gap_event(stream, reason, after, position));
  }
  [[nodiscard]] Event gap_event(std::string_view stream, std::string_view reason, EntryId after,
                                EntryId position) const {
    const auto place = events_->place_of(position);
    return {sse::gap_data(stream, reason, SseFormat::known_position(reason, after), place), "gap",
            place ? format_event_id(*place) : std::string()};
  }

  [[nodiscard]] const EventRules& rules() const { return events_->rules(); }
  [[nodiscard]] message::Shape shape() const { return shape_; }

 private:
  std::shared_ptr<const SseFormat> events_;
  message::Shape shape_;
};

// The same for a client that has several streams. The id stands first in an envelope, so it is the
// beginning that is left open.
class OpenMessageFormat final : public OpenFormat {
 public:
  explicit OpenMessageFormat(std::shared_ptr<const MessageFormat> format)
      : format_(std::move(format)) {}

  [[nodiscard]] std::string entry(std::string_view stream, const Entry& entry) const override {
    return message::open_frame(format_->shape(), format_->rules().show(stream, entry));
  }
  [[nodiscard]] std::string gap(std::string_view stream, std::string_view reason, EntryId after,
                                EntryId position) const override {
    return message::open_frame(format_->shape(),
                               format_->gap_event(stream, reason, after, position));
  }

  [[nodiscard]] bool is_open(std::string_view frame) const override {
    return !message::is_complete(frame);
  }
  void begin(std::string& out, std::string_view id, std::size_t frame_size) const override {
    message::append_beginning(out, id, frame_size);
  }
  void end(std::string&, std::string_view) const override {}
  [[nodiscard]] std::string place(std::string_view id) const override {
    return format_->shape() == message::Shape::kEnvelope
               ? message::frame(format_->shape(), {"null", "place", std::string(id)})
               : std::string();
  }

 private:
  std::shared_ptr<const MessageFormat> format_;
};

}  // namespace notify
