#pragma once

// What an API key proves, in one nginx worker. The event loop looks at file times and at tables;
// reading a store and PBKDF2 happen on nginx's threads, and who asked waits meanwhile.
//
//   a key ─► is the store as it was? ──no──► read it (thread) ──┐ again
//                    │ yes      ▲──────────────────────────────┘
//                    ▼
//          verified before, and its record still there? ──yes──► good
//                    │ no
//                    ▼
//          too many failures? ─yes─► limited      no such user? ─yes─► wrong
//                    │
//                    ▼
//          PBKDF2 (thread; one for all who wait with this key) ──► good or wrong
//
// A store that cannot be read leaves the last one in force. While somebody stays who came in with a
// key, the store is looked at whether anybody asks or not, and who stays on a key that is gone is
// told to leave.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ngx_notify_module/auth/key_zone.hpp"
#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/ngx/event.hpp"
#include "ngx_notify_module/ngx/thread_pool.hpp"
#include "shared/auth/fair_share.hpp"
#include "shared/auth/key_file.hpp"
#include "shared/auth/key_index.hpp"

namespace notify {

struct KeyWaiterTag;
struct KeyPlaceTag;
struct KeyGuestTag;

class KeyService {
 public:
  enum class Answer {
    kGood,
    kWrong,
    kLimited,  // this address has failed too often: the key was not looked at
    kBusy,     // too many wait already
    kUnknown,  // no store could be read yet
    kLater,    // the waiter is told
  };

  // Who is told later, in another turn of the event loop. Leaves by being destroyed.
  class Waiter : public Hook<KeyWaiterTag>, public Hook<KeyPlaceTag> {
   public:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

   protected:
    virtual ~Waiter();

   private:
    friend class KeyService;
    // kLater: more is known now, ask again. May destroy this object.
    virtual void answered(Answer answer) noexcept = 0;

    void give_place();

    std::string address_;
    std::uint64_t limit_ = 0;
    FairShare* places_ = nullptr;  // one of which is this one's while it is in that list
  };

  // Who stays because of a key. Leaves by being destroyed.
  class Guest : public Hook<KeyGuestTag> {
   public:
    Guest() = default;
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;
    virtual ~Guest() = default;

   private:
    friend class KeyService;
    // His key is not in the store any more; told once. Must not destroy a guest.
    virtual void revoked() noexcept = 0;

    KeyTag tag_{};  // of the record that his key belongs to
  };

  struct Question {
    std::size_t store;
    std::string_view key;
    std::string_view address;  // where it came from
    std::uint64_t limit;       // of its failures in a minute; 0: none
  };

  // Shared fairly by addresses. One more: the latest of whoever has most is kBusy, or this one.
  struct Places {
    std::size_t requests;  // that wait
    std::size_t keys;      // different ones, whose proof has not begun
  };

  // `stores`: their files.
  KeyService(const std::vector<std::string>& stores, const KeyZone& zone, ThreadPool* threads,
             const Places& places);
  ~KeyService();
  KeyService(const KeyService&) = delete;
  KeyService& operator=(const KeyService&) = delete;

  // kLater: the waiter was taken. It may be one that was taken before.
  Answer ask(const Question& question, Waiter& waiter);

  // He came in with that key, and stays.
  void watch(std::size_t store, std::string_view key, Guest& guest);

  // What became of an answer other than kGood, for the limit.
  void failed(std::string_view address, std::string_view user, std::uint64_t limit) {
    zone_.failed(address, user, limit);
  }
  [[nodiscard]] std::uint64_t wait_ms(std::string_view address, std::uint64_t limit) {
    return limit == 0 ? 0 : zone_.wait_ms(address, limit);
  }
  [[nodiscard]] std::uint64_t wait_ms(std::string_view address, std::string_view user,
                                      std::uint64_t limit) {
    return limit == 0 ? 0 : zone_.wait_ms(address, user, limit);
  }

 private:
  // How old our knowledge of a file may be.
  static constexpr std::uint64_t kLookMs = 250;
  static constexpr unsigned kMaxThreads = 4;  // of the pool, which others use, too

  static constexpr unsigned kInspected = 1024;  // guests in one turn

  using WaiterList = List<Waiter, KeyWaiterTag>;
  using PlaceList = List<Waiter, KeyPlaceTag>;
  using GuestList = List<Guest, KeyGuestTag>;
  using ProofName = std::pair<std::size_t, Digest>;  // the store's place, and the key's digest
  struct Store;
  struct Reading;
  struct Proof;

  void look(Store& store);
  void read(Store& store);
  void take(Store& store, const Reading& reading, bool ran);
  void take_broken(Store& store, const Reading& reading);
  Answer prove(const Question& question, const Digest& digest, Waiter& waiter);
  void start_some();
  [[nodiscard]] std::uint64_t next_turn(std::string_view address) const;
  [[nodiscard]] ProofName take_next();
  [[nodiscard]] bool make_room_for_proof(std::string_view address);
  [[nodiscard]] bool start(Proof& proof);
  void proved(Proof& proof, bool ran);
  Answer wait(WaiterList& list, Waiter& waiter, const Question& question);
  [[nodiscard]] bool make_room(std::string_view address);
  void displace(Waiter& waiter);
  void tell(WaiterList& list, Answer answer);
  void look_for_guests();
  void inspect_some();

  KeyZone zone_;
  const HmacSha256 digest_;
  ThreadPool* threads_;
  std::vector<std::unique_ptr<Store>> stores_;
  FairShare waiting_;
  FairShare queued_;
  PlaceList places_;      // those who wait, the latest first
  WaiterList displaced_;  // who had to leave, until they are told
  std::map<ProofName, std::unique_ptr<Proof>> proofs_;
  std::deque<ProofName> queue_;  // those that have not begun
  std::uint64_t turn_ = 0;       // of the one that began last
  unsigned running_ = 0;
  NextTurn starter_;
  NextTurn refuser_;    // tells those displaced
  EventTimer holder_;   // a worker that is to leave stays until all are answered
  EventTimer looker_;   // armed while there are guests
  NextTurn inspector_;  // looks at them, where a store has changed
};

}  // namespace notify
