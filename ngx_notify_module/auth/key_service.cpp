#include "ngx_notify_module/auth/key_service.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "shared/base/clock.hpp"

namespace notify {
namespace {

// A file that was changed just before it was read is read once more so much later.
constexpr std::uint64_t kReadAgainMs = 100;
constexpr std::chrono::milliseconds kHold{1000};
constexpr std::size_t kMaxWrong = 4096;

using Index = std::shared_ptr<const KeyIndex>;

Result<Index> index_of(std::string_view text) {
  const auto store = KeyStore::parse(text);
  if (!store) {
    return store.error();
  }
  return std::make_shared<const KeyIndex>(*store);
}

}  // namespace

struct KeyService::Store {
  std::string path;
  std::shared_ptr<const KeyIndex> index;  // in force; null: none could be read yet
  std::optional<FileStamp> stamp;         // of the last attempt, good or not
  std::uint64_t looked_ms = 0;
  std::uint64_t read_again_ms = 0;   // 0: no need
  bool broken = false;               // the last attempt failed
  std::unique_ptr<ThreadTask> task;  // it is being read
  WaiterList waiters;
  GuestList guests;
  GuestList::Cursor inspected;  // linked: those behind it are still to be compared with `index`
  std::set<Digest> wrong;       // keys that belong to no record of `index`: not to be proved twice
};

// What a thread brings back.
struct KeyService::Reading {
  FileStamp stamp;
  std::string text;  // of one that is good
  std::string kept;  // of the last one that was, where a worker begins
  bool fresh = false;
  Result<Index> index = Error{};
  Result<Index> last_good = Error{};
};

struct KeyService::Proof {
  // Takes a place of those that have not begun.
  Proof(FairShare& places, std::string_view from) : address(from), places_(&places) {
    places.take(address);
  }
  ~Proof() { begin(); }
  void begin() {
    if (auto* places = std::exchange(places_, nullptr)) {
      places->give(address);
    }
  }
  Proof(const Proof&) = delete;
  Proof& operator=(const Proof&) = delete;

  ProofName name;
  std::string key;
  std::string user;
  const std::string address;  // of who asked first
  std::uint64_t turn = 0;
  std::shared_ptr<const KeyIndex> index;  // that `records` are from
  std::vector<ApiKeyHash> records;
  std::optional<std::size_t> match;
  std::unique_ptr<ThreadTask> task;
  WaiterList waiters;

 private:
  FairShare* places_;
};

void KeyService::Waiter::give_place() {
  auto& place = static_cast<Hook<KeyPlaceTag>&>(*this);
  if (place.linked()) {
    place.unlink();
    places_->give(address_);
  }
}

KeyService::Waiter::~Waiter() { give_place(); }

KeyService::KeyService(const std::vector<std::string>& stores, const KeyZone& zone,
                       ThreadPool* threads, const Places& places)
    : zone_(zone),
      digest_(zone.secret()),
      threads_(threads),
      waiting_(places.requests),
      queued_(places.keys),
      starter_([this] { start_some(); }),
      refuser_([this] { tell(displaced_, Answer::kBusy); }),
      holder_(EventTimer::kHolding,
              [this] {
                if (waiting_.taken() > 0) {
                  holder_.arm(kHold);
                }
              }),
      looker_(EventTimer::kCancelable, [this] { look_for_guests(); }),
      inspector_([this] { inspect_some(); }) {
  for (const std::string& path : stores) {
    stores_.push_back(std::make_unique<Store>());
    stores_.back()->path = path;
    look(*stores_.back());
  }
}

KeyService::~KeyService() = default;

KeyService::Answer KeyService::ask(const Question& question, Waiter& waiter) {
  if (question.store >= stores_.size()) {
    return Answer::kUnknown;
  }
  Store& store = *stores_[question.store];
  if (ngx_current_msec - store.looked_ms >= kLookMs) {
    look(store);
  }
  if (store.task != nullptr) {
    return wait(store.waiters, waiter, question);
  }
  const Digest digest = digest_(question.key);
  const std::optional<KeyTag> tag = zone_.find(digest);
  const auto good = [&] { return tag && store.index != nullptr && store.index->holds(*tag); };
  if (good()) {
    return Answer::kGood;
  }
  // It may be a new one.
  look(store);
  if (store.task != nullptr) {
    return wait(store.waiters, waiter, question);
  }
  if (store.index == nullptr) {
    return Answer::kUnknown;
  }
  if (wait_ms(question.address, api_key_user(question.key).value_or(""), question.limit) > 0) {
    return Answer::kLimited;
  }
  return prove(question, digest, waiter);
}

// ---- waiting ------------------------------------------------------------------------------------

KeyService::Answer KeyService::wait(WaiterList& list, Waiter& waiter, const Question& question) {
  if (waiting_.full() && !make_room(question.address)) {
    return Answer::kBusy;
  }
  waiting_.take(question.address);
  waiter.address_ = question.address;
  waiter.limit_ = question.limit;
  waiter.places_ = &waiting_;
  list.push_back(waiter);
  places_.push_front(waiter);
  if (!holder_.armed()) {
    holder_.arm(kHold);
  }
  return Answer::kLater;
}

bool KeyService::make_room(std::string_view address) {
  const std::string_view most = waiting_.who_makes_room_for(address);
  PlaceList::Cursor cursor;
  places_.begin(cursor);
  while (Waiter* waiter = most.empty() ? nullptr : places_.step(cursor)) {
    if (waiter->address_ == most) {
      displace(*waiter);
      return true;
    }
  }
  return false;
}

// Told in another turn: whose request it is may be on the stack.
void KeyService::displace(Waiter& waiter) {
  waiter.give_place();
  displaced_.push_back(waiter);
  refuser_.post();
}

// Who is told may ask again, and others may leave.
void KeyService::tell(WaiterList& list, Answer answer) {
  WaiterList told;
  told.splice(list);
  while (!told.empty()) {
    Waiter& waiter = told.front();
    static_cast<Hook<KeyWaiterTag>&>(waiter).unlink();
    waiter.give_place();
    waiter.answered(answer);
  }
  if (waiting_.taken() == 0) {
    holder_.disarm();
  }
}

// ---- stores -------------------------------------------------------------------------------------

void KeyService::look(Store& store) {
  store.looked_ms = ngx_current_msec;
  if (store.task != nullptr) {
    return;
  }
  const bool again = store.read_again_ms != 0 && ngx_current_msec >= store.read_again_ms;
  if (again || store.stamp != FileStamp::of(store.path)) {
    read(store);
  }
}

void KeyService::read(Store& store) {
  auto reading = std::make_shared<Reading>();
  if (store.index == nullptr) {
    reading->kept = zone_.kept(store.path);
  }
  const auto run = [reading, path = store.path] {
    const FileStamp before = FileStamp::of(path);
    auto file = read_key_file(path);
    reading->stamp = file ? file->stamp : before;
    reading->fresh = reading->stamp.is_fresh(unix_us());
    reading->index = file ? index_of(file->text) : Result<Index>(file.error());
    if (reading->index) {
      reading->text = std::move(file->text);
    } else if (!reading->kept.empty()) {
      reading->last_good = index_of(reading->kept);
    }
  };
  store.task = std::make_unique<ThreadTask>(
      run, [this, &store, reading](bool ran) { take(store, *reading, ran); });
  if (!store.task->post(threads_)) {
    store.task.reset();  // nginx has said why; the next look tries again
  }
}

void KeyService::take(Store& store, const Reading& reading, bool ran) {
  store.task.reset();
  if (!ran) {
    log_text(NGX_LOG_ALERT, ngx_cycle->log, "notify: out of memory for key store " + store.path);
  } else {
    store.stamp = reading.stamp;
    store.read_again_ms = reading.fresh ? ngx_current_msec + kReadAgainMs : 0;
  }
  if (ran && reading.index) {
    if (std::exchange(store.broken, false)) {
      log_text(NGX_LOG_NOTICE, ngx_cycle->log,
               "notify: key store " + store.path + " is good again");
    }
    store.index = *reading.index;
    store.wrong.clear();
    store.inspected.unlink();
    store.guests.begin(store.inspected);
    inspector_.post();
    zone_.keep(store.path, reading.stamp, reading.text);
  } else if (ran) {
    take_broken(store, reading);
  }
  tell(store.waiters, Answer::kLater);
}

void KeyService::take_broken(Store& store, const Reading& reading) {
  if (store.index == nullptr && reading.last_good) {
    store.index = *reading.last_good;
  }
  const Error& error = reading.index.error();
  if (error.kind == ErrorKind::kNotFound) {
    if (store.index == nullptr) {
      store.index = std::make_shared<const KeyIndex>();
      log_text(NGX_LOG_NOTICE, ngx_cycle->log,
               "notify: key store " + store.path + ": there is none yet, so no key is good");
    }
    if (store.index->key_count() == 0) {
      return;
    }
  }
  store.broken = true;
  log_text(NGX_LOG_ERR, ngx_cycle->log,
           "notify: key store " + store.path + ": " + error.message +
               (store.index == nullptr ? "; no key can be verified"
                                       : "; the last one that was good stays in force"));
}

// ---- guests -------------------------------------------------------------------------------------

void KeyService::watch(std::size_t store, std::string_view key, Guest& guest) {
  const std::optional<KeyTag> tag = zone_.find(digest_(key));
  const auto& index = stores_[store]->index;
  if (!tag || index == nullptr || !index->holds(*tag)) {
    guest.revoked();  // since he came in
    return;
  }
  guest.tag_ = *tag;
  stores_[store]->guests.push_back(guest);
  if (!looker_.armed()) {
    looker_.arm(std::chrono::milliseconds(kLookMs));
  }
}

void KeyService::look_for_guests() {
  for (const auto& store : stores_) {
    if (!store->guests.empty()) {
      look(*store);
      looker_.arm(std::chrono::milliseconds(kLookMs));
    }
  }
}

void KeyService::inspect_some() {
  unsigned left = kInspected;
  for (const auto& store : stores_) {
    while (store->inspected.linked()) {
      if (left-- == 0) {
        inspector_.post();
        return;
      }
      Guest* guest = store->guests.step(store->inspected);
      if (guest != nullptr && !store->index->holds(guest->tag_)) {
        guest->unlink();
        guest->revoked();
      }
    }
  }
}

// ---- proofs -------------------------------------------------------------------------------------

KeyService::Answer KeyService::prove(const Question& question, const Digest& digest,
                                     Waiter& waiter) {
  const ProofName name(question.store, digest);
  const auto found = proofs_.find(name);
  if (found != proofs_.end()) {
    return wait(found->second->waiters, waiter, question);
  }
  const Store& store = *stores_[question.store];
  if (store.wrong.contains(digest)) {
    return Answer::kWrong;
  }
  const std::optional<std::string> user = api_key_user(question.key);
  const auto records = user ? store.index->records(*user) : std::span<const ApiKeyHash>();
  if (records.empty()) {
    return Answer::kWrong;
  }
  if (queued_.full() && !make_room_for_proof(question.address)) {
    return Answer::kBusy;
  }
  auto proof = std::make_unique<Proof>(queued_, question.address);
  proof->name = name;
  proof->key = question.key;
  proof->user = *user;
  proof->turn = next_turn(question.address);
  proof->index = store.index;
  proof->records.assign(records.begin(), records.end());
  const Answer answer = wait(proof->waiters, waiter, question);
  if (answer == Answer::kLater) {
    proofs_.emplace(name, std::move(proof));
    queue_.push_back(name);
    starter_.post();
  }
  return answer;
}

bool KeyService::make_room_for_proof(std::string_view address) {
  // Those whose clients have all left.
  const auto abandoned = std::erase_if(queue_, [this](const ProofName& each) {
    return proofs_.at(each)->waiters.empty() && proofs_.erase(each) > 0;
  });
  const std::string_view most = queued_.who_makes_room_for(address);
  if (abandoned > 0 || most.empty()) {
    return abandoned > 0;
  }
  const auto last = std::find_if(queue_.rbegin(), queue_.rend(), [&](const ProofName& each) {
    return proofs_.at(each)->address == most;
  });
  Proof& proof = *proofs_.at(*last);
  while (!proof.waiters.empty()) {
    displace(proof.waiters.front());
  }
  proofs_.erase(*last);
  queue_.erase(std::next(last).base());
  return true;
}

// Addresses take turns: each has one proof in each turn, and who comes is in the next one. So who
// sends many wrong keys does not hold up the others.
std::uint64_t KeyService::next_turn(std::string_view address) const {
  std::uint64_t last = turn_;
  for (const ProofName& name : queue_) {
    const Proof& proof = *proofs_.at(name);
    if (proof.address == address) {
      last = std::max(last, proof.turn);
    }
  }
  return last + 1;
}

KeyService::ProofName KeyService::take_next() {
  const auto next = std::min_element(queue_.begin(), queue_.end(),
                                     [this](const ProofName& one, const ProofName& other) {
                                       return proofs_.at(one)->turn < proofs_.at(other)->turn;
                                     });
  const ProofName name = *next;
  Proof& proof = *proofs_.at(name);
  proof.begin();
  turn_ = proof.turn;
  queue_.erase(next);
  return name;
}

void KeyService::start_some() {
  while (running_ < kMaxThreads && !queue_.empty()) {
    const ProofName name = take_next();
    Proof& proof = *proofs_.at(name);
    // Others of that address may have failed since they began to wait, and some have left.
    WaiterList limited;
    WaiterList left;
    while (!proof.waiters.empty()) {
      Waiter& waiter = proof.waiters.front();
      (wait_ms(waiter.address_, waiter.limit_) > 0 ? limited : left).push_back(waiter);
    }
    proof.waiters.splice(left);
    if (proof.waiters.empty()) {
      proofs_.erase(name);
    } else if (!start(proof)) {
      WaiterList refused;
      refused.splice(proof.waiters);
      proofs_.erase(name);
      tell(refused, Answer::kBusy);
    }
    tell(limited, Answer::kLimited);
  }
}

bool KeyService::start(Proof& proof) {
  proof.task = std::make_unique<ThreadTask>(
      [&proof] { proof.match = match_api_key(proof.key, proof.records); },
      [this, &proof](bool ran) { proved(proof, ran); });
  if (!proof.task->post(threads_)) {
    return false;
  }
  ++running_;
  return true;
}

void KeyService::proved(Proof& proof, bool ran) {
  --running_;
  Store& store = *stores_[proof.name.first];
  Answer answer = Answer::kWrong;
  if (!ran) {
    answer = Answer::kBusy;  // out of memory
  } else if (proof.match) {
    const KeyTag tag = key_tag(proof.user, proof.records[*proof.match]);
    zone_.insert(proof.name.second, tag);
    answer = store.index->holds(tag) ? Answer::kGood : Answer::kLater;
  } else if (proof.index != store.index) {
    answer = Answer::kLater;  // against the records of another store
  } else {
    if (store.wrong.size() >= kMaxWrong) {
      store.wrong.clear();
    }
    store.wrong.insert(proof.name.second);
  }
  WaiterList waiters;
  waiters.splice(proof.waiters);
  proofs_.erase(ProofName(proof.name));
  tell(waiters, answer);
  start_some();
}

}  // namespace notify
