#include "ngx_notify_module/transport/probe.hpp"

namespace notify {

Probe::Probe(redis::Host& host, redis::Client& commands, Subscriptions& subscriptions,
             std::string name)
    : commands_(commands),
      subscriptions_(subscriptions),
      channel_("notify:probe:" + std::move(name)),
      timer_(host.timer(redis::TimerKind::kBackground, [this] { fired(); })) {
  subscriptions_.add(channel_, *this, "");
  timer_->arm(kPeriod);
}

Probe::~Probe() { subscriptions_.remove(channel_, *this); }

// On each new link, at once: what is ready has shown that it works.
void Probe::on_subscribed(std::string_view) {
  listening_ = true;
  send();
}

void Probe::on_message(std::string_view, std::string_view payload) {
  if (sent_ && payload == std::to_string(number_)) {
    sent_ = false;
    passed_ = true;
    timer_->arm(kPeriod);
  }
}

void Probe::send() {
  if (!listening_ || !subscriptions_.ready() || !commands_.ready()) {
    sent_ = false;  // a link that is away says so itself
    timer_->arm(kPeriod);
    return;
  }
  redis::Command command;
  command.sender = redis::Sender::kProduct;
  command.arguments = {"PUBLISH", channel_, std::to_string(++number_)};
  pending_ = commands_.submit(std::move(command), [this](const Result<redis::Reply>& reply) {
    sent_ = sent_ && reply.ok();  // a link that died took it along, and says so itself
  });
  sent_ = true;
  timer_->arm(kDeadline);
}

void Probe::fired() {
  if (!sent_) {
    send();
    return;
  }
  sent_ = false;
  listening_ = false;
  // A link that went away meanwhile has taken the probe along, and is being made anew already.
  if (subscriptions_.ready() && commands_.ready()) {
    passed_ = false;
    subscriptions_.reset("a probe did not arrive");
    commands_.reset("a probe did not arrive");
  }
  timer_->arm(kPeriod);
}

}  // namespace notify
