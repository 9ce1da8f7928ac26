#pragma once

// The format of a client that has several streams: its frames are left open for the id that says
// where the client stands in all of them. The hub renders what is the same for all, and hands the
// frames out one by one.

#include <cstddef>
#include <string>
#include <string_view>

#include "ngx_notify_module/hub/sink.hpp"

namespace notify {

class OpenFormat : public hub::Format {
 public:
  virtual ~OpenFormat() = default;
  OpenFormat() = default;
  OpenFormat(const OpenFormat&) = delete;
  OpenFormat& operator=(const OpenFormat&) = delete;

  [[nodiscard]] bool one_by_one() const final { return true; }

  // Whether the id is to be put to that frame: before it and behind it.
  [[nodiscard]] virtual bool is_open(std::string_view frame) const = 0;
  virtual void begin(std::string& out, std::string_view id, std::size_t frame_size) const = 0;
  virtual void end(std::string& out, std::string_view id) const = 0;

  // The id alone, where nothing has come yet; empty where clients are told no ids.
  [[nodiscard]] virtual std::string place(std::string_view id) const = 0;
};

}  // namespace notify
