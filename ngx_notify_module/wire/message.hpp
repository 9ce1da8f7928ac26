#pragma once

// Events as messages of a WebSocket: whole frames, each a text. Pure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ngx_notify_module/wire/event_template.hpp"

namespace notify::message {

enum class Shape : std::uint8_t {
  kEnvelope,  // {"id":…,"event":…,"data":…}; an id or a name that is not there is left out
  kData,      // the data alone
};

// In the envelope the data stands as it is where it is JSON, else as a string.
std::string frame(Shape shape, const Event& event);

// An envelope without its beginning: who knows the id puts append_beginning() before it. One that
// is to have no id is whole, and so is every frame of data alone.
std::string open_frame(Shape shape, const Event& event);
// `rest`: the size of the open frame that follows.
void append_beginning(std::string& out, std::string_view id, std::size_t rest);
// Whether the text is a whole frame (or several), with nothing to be put to it.
[[nodiscard]] bool is_complete(std::string_view frame);

}  // namespace notify::message
