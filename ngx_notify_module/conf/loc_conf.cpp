#include "ngx_notify_module/conf/loc_conf.hpp"

#include <algorithm>

namespace notify {

void LocConf::inherit_templates(const LocConf& parent) {
  const std::vector<WrittenTemplate> own = templates;
  for (WrittenTemplate each : parent.templates) {
    const bool anew = std::any_of(own.begin(), own.end(), [&](const WrittenTemplate& other) {
      return other.directive == each.directive;
    });
    if (!anew) {
      each.inherited = true;
      templates.push_back(each);
    }
  }
}

}  // namespace notify
