#include "shared/model/request_id.hpp"

#include <algorithm>

namespace notify {

bool is_request_id(std::string_view text) {
  constexpr std::string_view kMarks = "-_.~:/+=@";
  return !text.empty() && text.size() <= kMaxRequestId &&
         std::all_of(text.begin(), text.end(), [kMarks](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  kMarks.find(c) != std::string_view::npos;
         });
}

}  // namespace notify
