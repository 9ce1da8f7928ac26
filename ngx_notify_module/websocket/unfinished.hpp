#pragma once

// What the WebSockets of an nginx worker have received of messages that are not complete. Each of
// them may be as large as a message, and there are thousands: together they have a bound, too. Who
// goes beyond it makes the one leave who has most, of the address that has most. Pure.
//
// Bounds: `most` bytes over all seats.

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace notify::websocket {

class Unfinished final {
 public:
  // One connection. It outlives what it holds: hold(…, 0) comes first.
  class Seat {
   public:
    // What it has is to be dropped, and does not count any more. It calls nothing here.
    virtual void make_room() = 0;
    virtual ~Seat() = default;
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

   protected:
    explicit Seat(std::string_view address) : address_(address) {}

   private:
    friend class Unfinished;
    std::string address_;
    std::size_t bytes_ = 0;
  };

  explicit Unfinished(std::size_t most) : most_(most) {}

  // So many bytes are the seat's now. Whose room is needed is told, perhaps this one.
  void hold(Seat& seat, std::size_t bytes);

  [[nodiscard]] std::size_t total() const { return total_; }

 private:
  struct Holder {
    std::size_t total = 0;
    std::set<std::pair<std::size_t, Seat*>> seats;  // the greatest last
  };

  void set(Seat& seat, std::size_t bytes);

  std::size_t most_;
  std::size_t total_ = 0;
  std::map<std::string, Holder, std::less<>> holders_;  // by address: those that hold anything
};

}  // namespace notify::websocket
