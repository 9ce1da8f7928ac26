#pragma once

// The answers of notify_status and notify_clear: one JSON object, whose members are labels and hold
// what belongs to each label's streams.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

// As the directives name it, and as it is for one request.
struct LabelledKey {
  Template* label = nullptr;
  Template* key = nullptr;
};
struct Labelled {
  std::string label;
  std::string key;
};

// kInternal: out of memory. kInvalid: no name for a stream.
Result<Labelled> evaluate(ngx_http_request_t* r, const LabelledKey& names);

enum class Bracket { kObject, kArray };

// {"<label>":{…},"<label>":{…}}, labels in the order of their first stream. `text` is called with
// each stream's number; what it leaves empty is left out.
std::string by_label(std::span<const Labelled> streams, Bracket bracket,
                     const std::function<std::string(std::size_t number)>& text);

}  // namespace notify
