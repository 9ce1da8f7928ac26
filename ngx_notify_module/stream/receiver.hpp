#pragma once

// What a WebSocket's client sends becomes entries of a stream, one after another: while one is on
// its way the client is not read. The link keeps a command that was sent, so one whose client
// leaves meanwhile is published all the same.
//
// Or it comes back to this client alone (an echo), and stands nowhere: as an event of an entry that
// no stream has. Then the client is read again once it has taken the echo.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ngx_notify_module/hub/sink.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "shared/base/result.hpp"
#include "shared/redis/client.hpp"

namespace notify {

class Receiver {
 public:
  // A piece of an entry's field.
  struct Part {
    enum class Kind : std::uint8_t {
      kText,     // as it stands
      kMessage,  // what the client sent
      kTime,     // when it came
    };
    Kind kind = Kind::kText;
    std::string text;
  };

  // What becomes of a message of this client.
  struct Recipe {
    PublishTerms terms;
    const hub::Format* echo = nullptr;  // how it comes back; null: it is published
    std::vector<std::pair<std::string, std::vector<Part>>> fields;
    std::uint64_t wait_ms = 0;  // for a link that is away
    std::uint64_t rate = 0;     // messages in a second; 0: any number
    std::uint64_t burst = 1;    // of them at once
  };

  // `wake` is called when a publish has ended. `commands` outlives it.
  Receiver(redis::Client& commands, Recipe recipe, std::function<void()> wake);

  void take(std::string_view message, std::uint64_t now_ms);
  // Frames for the client, which are taken away.
  [[nodiscard]] std::string take_echo();
  [[nodiscard]] bool echoes() const { return !echo_.empty(); }
  [[nodiscard]] bool busy() const { return busy_; }
  // Why the last one was not done, for the client; once.
  [[nodiscard]] std::optional<Error> take_failure() {
    return std::exchange(failure_, std::nullopt);
  }
  // From when on the next one may come, by what its rate allows.
  [[nodiscard]] std::uint64_t ready_ms() const { return ready_ms_; }

 private:
  void publish(std::string_view message);
  void spend(std::uint64_t now_ms);

  redis::Client& commands_;
  Recipe recipe_;
  std::function<void()> wake_;
  redis::Pending pending_;
  std::optional<Error> failure_;
  std::string echo_;
  std::uint64_t credit_us_;  // of the bucket, in microseconds of its refill
  std::uint64_t filled_ms_ = 0;
  std::uint64_t ready_ms_ = 0;
  bool busy_ = false;
};

}  // namespace notify
