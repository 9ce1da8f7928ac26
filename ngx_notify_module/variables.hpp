#pragma once

// Variables for templates, logs and `map`. All but the first are empty for requests that this
// module never saw.
//
//   $notify_request_id      of the request (request/request_id.hpp)
//   $notify_stream          key of the stream in Redis
//   $notify_subject         who it is: the user claim of a token
//   $notify_claim_NAME      a claim of the token: text, or raw JSON
//   $notify_field_NAME      a field of the request, decoded
//   $notify_json_NAME       a field of the request as raw JSON; null where it is absent
//   $notify_path_NAME       a name in the path, decoded
//   $notify_quoted_NAME     the same as a JSON string
//   $notify_entry_id        id of the published entry, as Redis spells it
//   $notify_event_id        the same as subscribers see it
//   $notify_item            the element of a batch that is being written, as raw JSON
//   $notify_count           how many entries were published, reminders made
//   $notify_time            of the request: 2026-11-21T08:52:40.123456+00:00; stays the same
//   $notify_resume          how a stream began
//   $notify_close_reason    why it ended

#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

ngx_int_t add_variables(ngx_conf_t* cf);

// Once a location was read: kInvalid, naming it, for a variable in any of its templates that it
// cannot have (no such part of its path, no such field, no token with claims, …). nginx itself
// knows every $notify_path_NAME. A location without an operation may be one for others to inherit
// from: there only what guards it is looked at.
Result<void> check_templates(const MergeScope& scope);

}  // namespace notify
