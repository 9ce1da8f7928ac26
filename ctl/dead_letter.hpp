#pragma once

// An entry of notify:{S}:dead as shared/redis/scripts/settle_dead.lua writes it: five fields of its
// own, then the original ones verbatim. Pure.

#include <string>

#include "shared/model/entry.hpp"

namespace notify::ctl {

struct DeadLetter {
  EntryId id;      // in the dead-letter stream
  Entry original;  // with the id that it had in its own stream
  std::string group;
  std::string reason;
  std::string attempts;
  std::string at;       // in ms; like the rest, whatever stands there
  std::string request;  // id of the request that has published it; empty: not known
};

// Never fails: an entry that somebody else put there has its fields as the original ones.
DeadLetter parse_dead_letter(const Entry& entry);

// "<id>  <original id>  <time>  attempts=3 group=g request=r reason='…'": one line.
std::string dead_line(const DeadLetter& letter);

// All of it, one item a line, the original fields last.
std::string dead_page(const DeadLetter& letter);

std::string dead_json(const DeadLetter& letter);

}  // namespace notify::ctl
