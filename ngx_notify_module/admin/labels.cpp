#include "ngx_notify_module/admin/labels.hpp"

#include <algorithm>

#include "ngx_notify_module/request/templates.hpp"
#include "shared/base/json.hpp"

namespace notify {

Result<Labelled> evaluate(ngx_http_request_t* r, const LabelledKey& names) {
  const auto label = evaluate(r, names.label);
  if (!label) {
    return Error{ErrorKind::kInternal, "out of memory"};
  }
  const auto key = read_stream(r, names.key);
  if (!key) {
    return key.error();
  }
  return Labelled{std::string(*label), std::string(*key)};
}

std::string by_label(std::span<const Labelled> streams, Bracket bracket,
                     const std::function<std::string(std::size_t number)>& text) {
  std::vector<std::string_view> labels;
  for (const Labelled& stream : streams) {
    if (std::find(labels.begin(), labels.end(), stream.label) == labels.end()) {
      labels.push_back(stream.label);
    }
  }
  std::string out = "{";
  for (const std::string_view label : labels) {
    out.append(out.size() > 1 ? "," : "");
    json::append_quoted(out, label);
    out.append(bracket == Bracket::kObject ? ":{" : ":[");
    bool first = true;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const std::string part = streams[i].label == label ? text(i) : "";
      if (!part.empty()) {
        out.append(first ? "" : ",").append(part);
        first = false;
      }
    }
    out.append(bracket == Bracket::kObject ? "}" : "]");
  }
  return out.append("}");
}

}  // namespace notify
