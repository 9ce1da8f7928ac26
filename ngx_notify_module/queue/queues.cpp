#include "ngx_notify_module/queue/queues.hpp"

#include <utility>

namespace notify::queue {

Queues::Queues(Source& source, Watcher& watcher, Waker& waker, const Limits& limits)
    : core_(source, watcher, waker, limits) {}

Queues::~Queues() = default;

// ---- groups -------------------------------------------------------------------------------------

Group* Queues::find(const Name& name) {
  const auto found = groups_.find(redis::queue_pair(name.stream, name.group));
  return found == groups_.end() ? nullptr : found->second.get();
}

Group& Queues::find_or_make(const Name& name) {
  if (Group* group = find(name)) {
    return *group;
  }
  auto made = std::make_unique<Group>(core_, name.stream, name.group);
  Group& group = *made;
  groups_.emplace(redis::queue_pair(name.stream, name.group), std::move(made));
  std::vector<Group*>& of_stream = streams_[std::string(name.stream)];
  of_stream.push_back(&group);
  core_.source.listen(name);
  if (of_stream.size() == 1) {
    core_.source.watch(name.stream);
  }
  return group;
}

void Queues::drop(const Group& group) {
  const std::string stream(group.name().stream);
  core_.source.unlisten(group.name());
  std::vector<Group*>& of_stream = streams_[stream];
  std::erase(of_stream, &group);
  if (of_stream.empty()) {
    core_.source.unwatch(stream);
    streams_.erase(stream);
  }
}

std::unique_ptr<Consumer> Queues::join(const Name& name, Consumer::Options options, Sink& sink) {
  return std::make_unique<Consumer>(find_or_make(name), std::move(options), sink);
}

// ---- upstream -----------------------------------------------------------------------------------

void Queues::on_joined(Ticket ticket, const Result<Joined>& answer) {
  const Core::Asker asker = core_.answered(ticket);
  if (asker.consumer != nullptr) {
    asker.group->on_joined(*asker.consumer, answer);
  }
}

void Queues::on_taken(Ticket ticket, Result<Taken> answer) {
  if (Group* group = core_.answered(ticket).group) {
    group->on_taken(answer);
  }
}

void Queues::on_claimed(Ticket ticket, Result<Claimed> answer) {
  if (Group* group = core_.answered(ticket).group) {
    group->on_claimed(answer);
  }
}

void Queues::on_audited(Ticket ticket, const Result<Audited>& answer) {
  if (Group* group = core_.answered(ticket).group) {
    group->on_audited(answer);
  }
}

void Queues::on_recalled(Ticket ticket, const Result<Recalled>& answer) {
  if (Group* group = core_.answered(ticket).group) {
    group->on_recalled(answer);
  }
}

void Queues::on_renewed(Ticket ticket, const Result<Renewed>& answer) {
  if (Group* group = core_.answered(ticket).group) {
    group->on_renewed(answer);
  }
}

void Queues::on_watching(std::string_view stream) {
  if (const auto found = streams_.find(stream); found != streams_.end()) {
    for (Group* group : found->second) {
      group->on_watching();
    }
  }
}

void Queues::on_bell(std::string_view stream, EntryId id) {
  if (const auto found = streams_.find(stream); found != streams_.end()) {
    for (Group* group : found->second) {
      group->on_bell(id);
    }
  }
}

void Queues::on_listening(const Name& name) {
  if (Group* group = find(name)) {
    group->on_listening();
  }
}

void Queues::on_control(const Name& name, std::string_view payload) {
  Group* group = find(name);
  if (group == nullptr) {
    return;
  }
  if (const auto message = redis::parse_control(payload)) {
    group->on_control(*message);
  }
}

// ---- time ---------------------------------------------------------------------------------------

void Queues::turn() {
  core_.awake = false;
  unsigned left = core_.limits.turn_groups;
  while (!core_.due.empty() && core_.asking < core_.limits.max_asking) {
    if (left-- == 0) {
      core_.wake();
      return;
    }
    Group& group = core_.due.front();
    group.Hook<AskTag>::unlink();
    group.step();
  }
}

void Queues::gathered() {
  while (!core_.gathering.empty()) {
    Group& group = core_.gathering.front();
    group.Hook<GatherTag>::unlink();
    group.on_gathered();
  }
}

void Queues::tick(std::uint64_t now_ms) {
  core_.now_ms = now_ms;
  for (auto place = groups_.begin(); place != groups_.end();) {
    Group& group = *place->second;
    if (group.over()) {
      drop(group);
      place = groups_.erase(place);
    } else {
      group.tick();
      ++place;
    }
  }
}

}  // namespace notify::queue
