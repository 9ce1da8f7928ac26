#include "ngx_notify_module/upstream/queue_replies.hpp"

#include "tests/redis_fakes.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using notify::test::Parsed;
using notify::test::resp;

namespace {

using Answer = Result<redis::Reply>;

// "limit=5 1 2", "foreign", "forgotten"; of several "limit=5 1 | foreign".
std::string text_of(const std::vector<queue::Share>& shares) {
  std::string text;
  for (const queue::Share& share : shares) {
    text += text.empty() ? "" : " | ";
    text += share.limit       ? "limit=" + std::to_string(*share.limit)
            : share.forgotten ? "forgotten"
                              : "foreign";
    for (const Entry& entry : share.entries) {
      text += " " + std::to_string(entry.id.ms);
    }
  }
  return text;
}

std::string text_of(const queue::Taken& taken) {
  return taken.lost ? "lost" : (taken.more ? "more: " : "all: ") + text_of(taken.shares);
}

std::string text_of(const queue::Claimed& claimed) {
  return claimed.lost
             ? "lost"
             : "next " + std::to_string(claimed.next.ms) + " gone " + std::to_string(claimed.gone) +
                   " dead " + std::to_string(claimed.dead) + ": " + text_of(claimed.shares);
}

std::string text_of(const queue::Audited& audited) {
  std::string text = audited.lost ? "lost" : "held";
  for (const bool held : audited.held) {
    text += held ? " yes" : " no";
  }
  return text;
}

std::string text_of(const queue::Recalled& recalled) {
  std::string text = recalled.lost ? "lost" : "given";
  for (const auto& ids : recalled.given) {
    text += " (";
    for (const EntryId& id : ids) {
      text += " " + std::to_string(id.ms);
    }
    text += " )";
  }
  return text;
}

std::string text_of(const queue::Renewed& renewed) {
  std::string text = "limits";
  for (const auto& limit : renewed) {
    text += " " + (limit ? std::to_string(*limit) : "foreign");
  }
  return text;
}

std::string text_of(const queue::Joined& joined) {
  return (joined.held ? "held by " + joined.holder + "," : std::string("joined,")) + " limit " +
         std::to_string(joined.limit);
}

std::string text_of(bool yes) { return yes ? "yes" : "no"; }

template <class T>
std::string text_of(const Result<T>& result) {
  return result ? text_of(*result) : "! " + result.error().message;
}

struct Row {
  const char* reply;  // see resp()
  const char* expected;
};

// `parse` over rows of one script; what is malformed must say so by the script's name.
template <class Parse>
void check_rows(std::initializer_list<Row> good, const char* script,
                std::initializer_list<const char*> malformed, Parse parse) {
  for (const Row& row : good) {
    const Parsed parsed(resp(row.reply));
    EXPECT_EQ_ROW(row.reply, text_of(parse(Answer(parsed.reply()))), row.expected);
  }
  for (const char* row : malformed) {
    const Parsed parsed(resp(row));
    EXPECT_EQ_ROW(row, text_of(parse(Answer(parsed.reply()))),
                  "! " + std::string(script) + ".lua answered in an unknown shape");
  }
  const Parsed refused("-OOM command not allowed\r\n");
  const auto error = parse(Answer(refused.reply()));
  EXPECT(!error && error.error().kind == ErrorKind::kUnavailable);
  const auto away = parse(Answer(Error{ErrorKind::kUnknownOutcome, "gone"}));
  EXPECT(!away && away.error().kind == ErrorKind::kUnknownOutcome);
  EXPECT(!parse(Answer(redis::Reply{nullptr})));
}

START_TEST(taken) {
  check_rows(
      {{"( lost )", "lost"},
       {"( ok #1 ( #5 ( 7-0 ( a b ) ) ( 8-0 ( a b ) ) ) ( #-1 ) )", "more: limit=5 7 8 | foreign"},
       {"( ok #0 ( #-2 ) ( #0 ) )", "all: forgotten | limit=0"},
       {"( ok 0 ( 5 ) ( 5 ) )", "all: limit=5 | limit=5"}},
      "take",
      {"~", "#1", "ok", "( )", "( ok )", "( maybe #1 ( #5 ) ( #5 ) )", "( ok #1 )",
       "( ok #1 ( #5 ) )", "( ok #1 ( #5 ) ( #5 ) ( #5 ) )", "( ok x ( #5 ) ( #5 ) )",
       "( ok #1 ( ) ( #5 ) )", "( ok #1 #5 ( #5 ) )", "( ok #1 ( #-3 ) ( #5 ) )",
       "( ok #1 ( many ) ( #5 ) )", "( ok #1 ( #5 7-0 ) ( #5 ) )",
       "( ok #1 ( #5 ( 7-0 ) ) ( #5 ) )", "( ok #1 ( #5 ( 7-0 ( odd ) ) ) ( #5 ) )",
       "( ok #1 ( #5 ( seven ( a b ) ) ) ( #5 ) )", "( ok #1 ( #5 ~ ) ( #5 ) )"},
      [](const Answer& reply) { return parse_taken(reply, 2); });
  const Parsed nobody(resp("( ok #0 )"));
  EXPECT_EQ(text_of(parse_taken(Answer(nobody.reply()), 0)), "all: ");
}
END_TEST

START_TEST(claimed) {
  check_rows(
      {{"( lost )", "lost"},
       {"( ok 9-0 #2 #3 ( #5 ( 7-0 ( a b ) ) ) )", "next 9 gone 2 dead 3: limit=5 7"},
       {"( ok 0-0 #0 #0 ( #-1 ) )", "next 0 gone 0 dead 0: foreign"}},
      "claim",
      {"~", "( ok )", "( ok 9-0 #0 #0 )", "( ok nine #0 #0 ( #5 ) )", "( ok 9-0 #-1 #0 ( #5 ) )",
       "( ok 9-0 #0 #-1 ( #5 ) )", "( ok 9-0 ~ #0 ( #5 ) )", "( ok 9-0 #0 #0 ( #5 ) ( #5 ) )",
       "( ok 9-0 #0 #0 ( #5 x ) )", "( yes 9-0 #0 #0 ( #5 ) )"},
      [](const Answer& reply) { return parse_claimed(reply, 1); });
}
END_TEST

START_TEST(audited) {
  check_rows({{"( lost )", "lost"}, {"( ok #1 #0 )", "held yes no"}}, "audit",
             {"~", "( )", "( ok )", "( ok #1 )", "( ok #1 #0 #1 )", "( ok #1 ~ )",
              "( ok #1 ( #1 ) )", "( #1 #1 #0 )"},
             [](const Answer& reply) { return parse_audited(reply, 2); });
}
END_TEST

START_TEST(recalled) {
  check_rows({{"( lost )", "lost"}, {"( ok ( 1-0 2-0 ) ( ) )", "given ( 1 2 ) ( )"}}, "recall",
             {"~", "( ok )", "( ok ( ) )", "( ok ( ) ( ) ( ) )", "( ok 1-0 2-0 )", "( ok ( ) ~ )",
              "( ok ( one ) ( ) )", "( ok ( ( 1-0 ) ) ( ) )"},
             [](const Answer& reply) { return parse_recalled(reply, 2); });
}
END_TEST

START_TEST(renewed) {
  check_rows(
      {{"( #5 #-1 )", "limits 5 foreign"}, {"( 5 0 )", "limits 5 0"}}, "renew",
      {"~", "ok", "( )", "( #5 )", "( #5 #5 #5 )", "( #5 ~ )", "( #5 #-2 )", "( #5 ( #5 ) )"},
      [](const Answer& reply) { return parse_renewed(reply, 2); });
}
END_TEST

START_TEST(joined) {
  check_rows({{"( ok #5 )", "joined, limit 5"},
              {"( held #100 token )", "held by token, limit 100"},
              {"( held #100 )", "held by , limit 100"}},
             "join",
             {"~", "( )", "( ok )", "( ok ~ )", "( ok #-1 )", "( held #-1 x )", "( lost #1 )"},
             [](const Answer& reply) { return parse_joined(reply); });
  check_rows({{"( #0 ~ )", "no"}, {"( #1 0-0 )", "no"}, {"( #2 5-0 )", "yes"}}, "group",
             {"~", "( )", "( ~ )", "( #3 0-0 )", "( #-1 0-0 )", "( ( #2 ) 0-0 )", "( made 0-0 )"},
             [](const Answer& reply) { return parse_restored(reply); });
}
END_TEST

// A client that joins must not read where Redis is.
START_TEST(refusals_hide_the_server) {
  const Answer away(Error{ErrorKind::kUnavailable, "connect to 10.0.0.6:6379 failed"});
  EXPECT_EQ(text_of(parse_joined(away)), "! Redis is unavailable, nothing was done");
  EXPECT_EQ(text_of(parse_restored(away)), "! Redis is unavailable, nothing was done");
  EXPECT_EQ(text_of(parse_taken(away, 1)), "! connect to 10.0.0.6:6379 failed");
}
END_TEST

}  // namespace

CHECK_MAIN("queue_replies", taken, claimed, audited, recalled, renewed, joined,
           refusals_hide_the_server)
