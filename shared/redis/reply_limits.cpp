#include "shared/redis/reply_limits.hpp"

#include <algorithm>
#include <cstring>

namespace notify::redis {

ReplyLimits::ReplyLimits(redisReader& reader)
    : reader_(reader), plain_(*reader.fn), counted_(plain_) {
  counted_.createString = &create_string;
  counted_.createArray = &create_array;
  reader.fn = &counted_;
  reader.privdata = this;
}

// A null is hiredis' "out of memory", which ends the reader.
void* ReplyLimits::create_string(const redisReadTask* task, char* text, std::size_t size) {
  auto& limits = *static_cast<ReplyLimits*>(task->privdata);
  return limits.take(0, size) ? limits.plain_.createString(task, text, size) : nullptr;
}

void* ReplyLimits::create_array(const redisReadTask* task, int elements) {
  auto& limits = *static_cast<ReplyLimits*>(task->privdata);
  const auto count = static_cast<std::size_t>(std::max(elements, 0));
  return limits.take(count, 0) ? limits.plain_.createArray(task, elements) : nullptr;
}

bool ReplyLimits::take(std::size_t elements, std::size_t bytes) {
  elements_ += elements;
  bytes_ += bytes;
  if (elements_ > kElements) {
    broken_ = "a reply of more than 1,048,576 elements";
  } else if (bytes_ > kBytes) {
    broken_ = "a reply of more than 128 MB";
  }
  return broken_.empty();
}

bool ReplyLimits::within() {
  const std::size_t left = reader_.len - reader_.pos;
  if (bytes_ + left > kBytes) {
    broken_ = "a reply of more than 128 MB";
  } else if (left > kLine) {
    const bool bulk = reader_.ridx >= 0 && reader_.rstack[reader_.ridx].type == REDIS_REPLY_STRING;
    if (!bulk || std::memchr(reader_.buf + reader_.pos, '\n', kLine) == nullptr) {
      broken_ = "a line of more than 64 kB";
    }
  }
  return broken_.empty();
}

}  // namespace notify::redis
