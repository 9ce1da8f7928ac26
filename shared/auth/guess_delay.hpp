#pragma once

// How long somebody who guesses has to wait: after a few wrong guesses each further one doubles the
// wait. Told who guesses (an address, an account) and what time it is. Pure.
//
//   wrong guesses   1 … free    free + 1    free + 2    free + 3
//   wait            0           first       2 × first   4 × first   … `most` at the most
//
// A guess that is repeated tells the guesser nothing new: it counts a tenth, so that a program with
// an old password is slowed down, but not shut out at once. Forgotten `forget_ms` after the last.
//
// Bounded: kMost of them; where there are more, the ones with the fewest guesses are forgotten.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace notify {

class GuessDelay {
 public:
  static constexpr std::size_t kMost = 4096;

  struct Policy {
    unsigned free = 10;
    std::uint64_t first_ms = 1'000;
    std::uint64_t most_ms = 300'000;
    std::uint64_t forget_ms = 3'600'000;
  };

  explicit GuessDelay(const Policy& policy) : policy_(policy) {}

  [[nodiscard]] std::uint64_t wait_ms(const std::string& who, std::uint64_t now_ms) const;
  // `guess`: what was guessed, or its digest.
  void failed(const std::string& who, std::string_view guess, std::uint64_t now_ms);
  void forget(const std::string& who) { all_.erase(who); }
  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  struct Entry {
    std::uint64_t tenths = 0;  // of guesses
    std::uint64_t last_ms = 0;
    std::uint64_t until_ms = 0;
    std::size_t guess = 0;  // the last one, hashed
  };

  [[nodiscard]] bool over(const Entry& entry, std::uint64_t now_ms) const {
    return now_ms >= entry.last_ms + policy_.forget_ms;
  }
  void make_room(std::uint64_t now_ms);

  Policy policy_;
  std::unordered_map<std::string, Entry> all_;
};

}  // namespace notify
