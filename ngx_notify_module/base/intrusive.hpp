#pragma once

// A list whose links lie in its members: joining, leaving and moving allocate nothing, and a member
// that dies leaves by itself, also in the middle of somebody's walk (see Cursor).

namespace notify {

// One link. A class that is in several lists derives from one Hook for each, told apart by Tag.
template <class Tag>
class Hook {
 public:
  Hook() = default;
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;
  ~Hook() { unlink(); }

  [[nodiscard]] bool linked() const { return next_ != nullptr; }

  void unlink() {
    if (next_ != nullptr) {
      prev_->next_ = next_;
      next_->prev_ = prev_;
      prev_ = next_ = nullptr;
    }
  }

 private:
  template <class T, class AnyTag>
  friend class List;

  void link_before(Hook& place) {
    unlink();
    prev_ = place.prev_;
    next_ = &place;
    prev_->next_ = this;
    place.prev_ = this;
  }

  Hook* prev_ = nullptr;
  Hook* next_ = nullptr;
};

template <class T, class Tag>
class List {
 public:
  // A place in a walk that is itself a node of the list: whatever leaves or joins meanwhile, the
  // walk goes on from it. At most one in a list.
  class Cursor : private Hook<Tag> {
    friend class List;

   public:
    using Hook<Tag>::linked;
    using Hook<Tag>::unlink;
  };

  List() { end_.prev_ = end_.next_ = &end_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    while (end_.next_ != &end_) {
      end_.next_->unlink();
    }
    end_.prev_ = end_.next_ = nullptr;
  }

  // Of a list without a cursor.
  [[nodiscard]] bool empty() const { return end_.next_ == &end_; }
  [[nodiscard]] T& front() { return static_cast<T&>(*end_.next_); }
  void push_back(T& member) { static_cast<Hook<Tag>&>(member).link_before(end_); }
  void push_front(T& member) { static_cast<Hook<Tag>&>(member).link_before(*end_.next_); }
  // Moves all members of `other` to the end.
  void splice(List& other) {
    while (!other.empty()) {
      push_back(other.front());
    }
  }

  void begin(Cursor& cursor) { static_cast<Hook<Tag>&>(cursor).link_before(*end_.next_); }
  // The member behind the cursor, which is then behind it; null at the end, and the cursor leaves.
  T* step(Cursor& cursor) {
    Hook<Tag>& place = cursor;
    Hook<Tag>* member = place.next_;
    if (member == &end_) {
      place.unlink();
      return nullptr;
    }
    place.link_before(*member->next_);
    return static_cast<T*>(member);
  }

 private:
  Hook<Tag> end_;
};

}  // namespace notify
