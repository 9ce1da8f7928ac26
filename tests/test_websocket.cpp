#include <vector>

#include "ngx_notify_module/websocket/conversation.hpp"
#include "ngx_notify_module/websocket/frame.hpp"
#include "ngx_notify_module/websocket/handshake.hpp"
#include "ngx_notify_module/websocket/reader.hpp"
#include "ngx_notify_module/websocket/utf8_stream.hpp"
#include "shared/base/utf8.hpp"
#include "tests/check_main.hpp"

namespace notify::websocket {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using Kind = Reader::Event::Kind;

// A client's frame.
std::string masked(unsigned first, std::string_view payload,
                   std::string_view mask = "\x37\xfa\x21\x3d") {
  std::string out(1, static_cast<char>(first));
  std::string plain = frame(Opcode::kText, payload);
  const std::size_t header = plain.size() - payload.size();
  plain[1] = static_cast<char>(plain[1] | 0x80);
  out.append(plain, 1, header - 1).append(mask);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  }
  return out;
}

struct Seen {
  Kind kind;
  std::string payload;
  CloseCode code;
};

// All events of `bytes`, given in pieces that end at each of `cuts`.
std::vector<Seen> read(std::string_view bytes, std::size_t piece, const ReaderLimits& limits) {
  Reader reader(limits);
  std::vector<Seen> seen;
  while (!bytes.empty()) {
    std::string_view now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    while (const std::optional<Reader::Event> event = reader.next(now)) {
      seen.push_back({event->kind, std::string(event->payload), event->code});
    }
    EXPECT(now.empty());
  }
  return seen;
}

std::string text(const std::vector<Seen>& events) {
  std::string out;
  for (const Seen& seen : events) {
    static constexpr const char* kNames[] = {"text", "binary", "ping", "pong", "close", "wrong"};
    out.append(out.empty() ? "" : " ").append(kNames[static_cast<std::size_t>(seen.kind)]);
    if (seen.kind == Kind::kWrong || seen.kind == Kind::kClose) {
      out.append(":").append(std::to_string(static_cast<unsigned>(seen.code)));
    }
    if (seen.kind != Kind::kWrong) {
      out.append("(")
          .append(seen.payload.size() > 40 ? std::to_string(seen.payload.size()) : seen.payload)
          .append(")");
    }
  }
  return out;
}

constexpr unsigned kText = 0x81;
constexpr unsigned kBinary = 0x82;
constexpr unsigned kClose = 0x88;
constexpr unsigned kPing = 0x89;
constexpr unsigned kPong = 0x8a;
constexpr unsigned kFirst = 0x01;  // text, more to come
constexpr unsigned kMore = 0x00;
constexpr unsigned kLast = 0x80;

START_TEST(frames_are_read_however_they_are_cut) {
  const std::string k125(125, 'a');
  const std::string k126(126, 'b');
  const std::string k65535(65535, 'c');
  const std::string k65536(65536, 'd');
  struct Row {
    const char* name;
    std::string bytes;
    std::string_view expected;
  };
  const Row rows[] = {
      {"5.7: masked text", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s, "text(Hello)"},
      {"5.7: fragmented", masked(kFirst, "Hel") + masked(kLast, "lo"), "text(Hello)"},
      {"5.7: ping and pong", masked(kPing, "Hello") + masked(kPong, "Hello"),
       "ping(Hello) pong(Hello)"},
      {"5.2: 125 bytes", masked(kText, k125), "text(125)"},
      {"5.2: 126 bytes, 16 bit", masked(kText, k126), "text(126)"},
      {"5.2: 65535 bytes, 16 bit", masked(kBinary, k65535), "binary(65535)"},
      {"5.2: 65536 bytes, 64 bit", masked(kBinary, k65536), "binary(65536)"},
      {"5.2: empty", masked(kText, "") + masked(kBinary, ""), "text() binary()"},
      {"5.2: 16 bit not shortest", "\x81\xfe\x00\x7d\0\0\0\0"s, "wrong:1002"},
      {"5.2: 64 bit not shortest", "\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0"s, "wrong:1002"},
      {"5.2: 64 bit, highest bit", "\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0"s, "wrong:1002"},
      {"5.2: RSV1", masked(kText | 0x40, "x"), "wrong:1002"},
      {"5.2: RSV2", masked(kText | 0x20, "x"), "wrong:1002"},
      {"5.2: RSV3", masked(kPing | 0x10, "x"), "wrong:1002"},
      {"5.2: opcode 3", masked(0x83, "x"), "wrong:1002"},
      {"5.2: opcode 7", masked(0x87, "x"), "wrong:1002"},
      {"5.2: opcode b", masked(0x8b, "x"), "wrong:1002"},
      {"5.2: opcode f", masked(0x8f, "x"), "wrong:1002"},
      {"5.1: not masked", frame(Opcode::kText, "x"), "wrong:1002"},
      {"5.1: nothing is read behind it", frame(Opcode::kText, "x") + masked(kText, "y"),
       "wrong:1002"},
      {"5.3: a mask of zeros", masked(kText, "zero", "\0\0\0\0"sv), "text(zero)"},
      {"5.4: three fragments, one empty",
       masked(kFirst, "a") + masked(kMore, "") + masked(kLast, "b"), "text(ab)"},
      {"5.4: control frame between", masked(kFirst, "a") + masked(kPing, "p") + masked(kLast, "b"),
       "ping(p) text(ab)"},
      {"5.4: close between", masked(kFirst, "a") + masked(kClose, "\x03\xe8") + masked(kLast, "b"),
       "close:1000()"},
      {"5.4: nothing to continue", masked(kLast, "a"), "wrong:1002"},
      {"5.4: nothing to continue any more", masked(kText, "a") + masked(kMore, "a"),
       "text(a) wrong:1002"},
      {"5.4: a message within another", masked(kFirst, "a") + masked(kText, "b"), "wrong:1002"},
      {"5.4: binary fragments are no UTF-8", masked(0x02, "\xff") + masked(kLast, "\xfe"),
       "binary(\xff\xfe)"},
      {"5.5: fragmented ping", masked(0x09, "a"), "wrong:1002"},
      {"5.5: fragmented close", masked(0x08, ""), "wrong:1002"},
      {"5.5: ping of 125 bytes", masked(kPing, k125), "ping(125)"},
      {"5.5: ping of 126 bytes", masked(kPing, k126), "wrong:1002"},
      {"5.5.1: close without a code", masked(kClose, ""), "close:1005()"},
      {"5.5.1: close with half a code", masked(kClose, "\x03"), "wrong:1002"},
      {"5.5.1: close and a reason", masked(kClose, "\x03\xe9 bye"), "close:1001( bye)"},
      {"5.5.1: nothing counts behind it", masked(kClose, "") + masked(kText, "x"), "close:1005()"},
      {"5.5.1: a reason that is no UTF-8", masked(kClose, "\x03\xe8\xff"), "wrong:1007"},
      {"7.4: 999", masked(kClose, "\x03\xe7"), "wrong:1002"},
      {"7.4: 1004", masked(kClose, "\x03\xec"), "wrong:1002"},
      {"7.4: 1005", masked(kClose, "\x03\xed"), "wrong:1002"},
      {"7.4: 1006", masked(kClose, "\x03\xee"), "wrong:1002"},
      {"7.4: 1014", masked(kClose, "\x03\xf6"), "close:1014()"},
      {"7.4: 1015", masked(kClose, "\x03\xf7"), "wrong:1002"},
      {"7.4: 1016", masked(kClose, "\x03\xf8"), "wrong:1002"},
      {"7.4: 2999", masked(kClose, "\x0b\xb7"), "wrong:1002"},
      {"7.4: 3000", masked(kClose, "\x0b\xb8"), "close:3000()"},
      {"7.4: 4999", masked(kClose, "\x13\x87"), "close:4999()"},
      {"7.4: 5000", masked(kClose, "\x13\x88"), "wrong:1002"},
      {"7.4: 65535", masked(kClose, "\xff\xff"), "wrong:1002"},
      {"8.1: a character over two fragments", masked(kFirst, "\xe2\x82") + masked(kLast, "\xac"),
       "text(\xe2\x82\xac)"},
      {"8.1: overlong", masked(kText, "\xc0\xaf"), "wrong:1007"},
      {"8.1: surrogate", masked(kText, "\xed\xa0\x80"), "wrong:1007"},
      {"8.1: above U+10FFFF", masked(kText, "\xf4\x90\x80\x80"), "wrong:1007"},
      {"8.1: cut off at the end", masked(kText, "a\xe2\x82"), "wrong:1007"},
      {"8.1: wrong before the message ends", masked(kFirst, "\xff"), "wrong:1007"},
      {"10.4: over the limit by one", masked(kBinary, std::string(70'001, 'x')), "wrong:1009"},
      {"10.4: at the limit", masked(kBinary, std::string(70'000, 'x')), "binary(70000)"},
      {"10.4: over it in fragments", masked(0x02, k65536) + masked(kLast, std::string(5000, 'x')),
       "wrong:1009"},
      {"10.4: said by the header alone", "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"s,
       "wrong:1009"},
      {"10.4: too many frames",
       masked(kFirst, "") + masked(kMore, "") + masked(kMore, "") + masked(kMore, "") +
           masked(kMore, ""),
       "wrong:1008"},
  };
  const ReaderLimits limits{.max_message = 70'000, .max_frames = 4};
  for (const Row& row : rows) {
    const std::size_t all = row.bytes.size();
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{4096}, all}) {
      if (all > 100 && piece < 3) {
        continue;
      }
      EXPECT_EQ_ROW(row.name, text(read(row.bytes, piece, limits)), row.expected);
    }
    for (std::size_t cut = 1; all <= 100 && cut < all; ++cut) {
      Reader reader(limits);
      std::vector<Seen> seen;
      for (std::string_view part :
           {std::string_view(row.bytes).substr(0, cut), std::string_view(row.bytes).substr(cut)}) {
        while (const std::optional<Reader::Event> event = reader.next(part)) {
          seen.push_back({event->kind, std::string(event->payload), event->code});
        }
      }
      EXPECT_EQ_ROW(row.name, text(seen), row.expected);
    }
  }
}
END_TEST

START_TEST(what_is_wrong_is_said_at_the_byte_that_is_wrong) {
  struct Row {
    const char* name;
    std::string bytes;  // to the byte that decides
    CloseCode code;
  };
  const Row rows[] = {
      {"not masked", "\x81\x05"s, CloseCode::kProtocolError},
      {"too big", masked(kBinary, std::string(200, 'x')).substr(0, 8), CloseCode::kMessageTooBig},
      {"not UTF-8",
       masked(kText,
              "ab\xff"
              "def")
           .substr(0, 9),
       CloseCode::kInvalidPayload},
      {"control frame too long", "\x89\xfe"s, CloseCode::kProtocolError},
  };
  for (const Row& row : rows) {
    Reader reader({.max_message = 100});
    std::string_view before = std::string_view(row.bytes).substr(0, row.bytes.size() - 1);
    EXPECT_ROW(row.name, !reader.next(before));
    std::string_view last = std::string_view(row.bytes).substr(row.bytes.size() - 1);
    const std::optional<Reader::Event> event = reader.next(last);
    EXPECT_ROW(row.name, event && event->kind == Kind::kWrong && event->code == row.code);
    EXPECT_ROW(row.name, reader.finished());
  }
}
END_TEST

START_TEST(frames_are_written_in_their_shortest_form) {
  EXPECT_EQ(frame(Opcode::kText, "Hello"), "\x81\x05Hello");
  EXPECT_EQ(frame(Opcode::kPing, ""), "\x89\0"sv);
  EXPECT_EQ(frame(Opcode::kBinary, std::string(126, 'x')).substr(0, 4), "\x82\x7e\0\x7e"sv);
  EXPECT_EQ(frame(Opcode::kText, std::string(65535, 'x')).substr(0, 4), "\x81\x7e\xff\xff"sv);
  EXPECT_EQ(frame(Opcode::kText, std::string(65536, 'x')).substr(0, 10),
            "\x81\x7f\0\0\0\0\0\1\0\0"sv);
  EXPECT_EQ(close_frame(CloseCode::kGoingAway, "bye"),
            "\x88\x05\x03\xe9"
            "bye"sv);
  EXPECT_EQ(close_frame(CloseCode::kNoStatus, "not sent"), "\x88\0"sv);
  std::string long_reason;
  for (int i = 0; i < 100; ++i) {
    long_reason += "\xe2\x82\xac";
  }
  const std::string cut = close_frame(CloseCode::kNormal, long_reason);
  EXPECT_EQ(cut.size(), 2U + 2U + 123U);
  EXPECT(is_utf8(std::string_view(cut).substr(4)));
}
END_TEST

START_TEST(utf8_is_checked_across_pieces) {
  struct Row {
    std::string_view text;
    bool valid;
  };
  constexpr Row kRows[] = {
      {"plain"sv, true},
      {"\xc3\xa9"sv, true},
      {"\xe2\x82\xac!"sv, true},
      {"\xf0\x9f\x98\x80"sv, true},
      {"\xf4\x8f\xbf\xbf"sv, true},
      {"\xff"sv, false},
      {"\x80"sv, false},
      {"\xc3"sv, false},
      {"\xc3("sv, false},
      {"\xe0\x80\x80"sv, false},
      {"\xed\xa0\x80"sv, false},
      {"\xf4\x90\x80\x80"sv, false},
      {"\xe2\x82"sv, false},
      {"\xf0\x9f\x98"sv, false},
      {"\xc0\x80"sv, false},
      {"a\xf5"sv, false},
  };
  for (const Row& row : kRows) {
    for (std::size_t cut = 0; cut <= row.text.size(); ++cut) {
      Utf8Stream stream;
      const bool taken = stream.take(row.text.substr(0, cut)) && stream.take(row.text.substr(cut));
      EXPECT_EQ_ROW(row.text, taken && stream.complete(), row.valid);
    }
    Utf8Stream bytewise;
    bool taken = true;
    for (const char c : row.text) {
      taken = taken && bytewise.take({&c, 1});
    }
    EXPECT_EQ_ROW(row.text, taken && bytewise.complete(), row.valid);
  }
}
END_TEST

START_TEST(the_handshake_is_checked) {
  constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
  const Request good{"websocket", "Upgrade", "13", kKey, true};
  const auto with = [&](auto change) {
    Request request = good;
    change(request);
    return request;
  };
  struct Row {
    const char* name;
    Request request;
    Answer::Kind kind;
  };
  const Row rows[] = {
      {"1.3: the sample", good, Answer::Kind::kAccepted},
      {"Firefox", with([](Request& r) { r.connection = "keep-alive, Upgrade"; }),
       Answer::Kind::kAccepted},
      {"any case", with([](Request& r) { r.upgrade = "WebSocket", r.connection = "UPGRADE"; }),
       Answer::Kind::kAccepted},
      {"HTTP/1.0", with([](Request& r) { r.http_1_1 = false; }), Answer::Kind::kMalformed},
      {"no Connection", with([](Request& r) { r.connection.reset(); }), Answer::Kind::kMalformed},
      {"Connection: close", with([](Request& r) { r.connection = "close"; }),
       Answer::Kind::kMalformed},
      {"no key", with([](Request& r) { r.key.reset(); }), Answer::Kind::kMalformed},
      {"a key of 15 bytes", with([](Request& r) { r.key = "AAAAAAAAAAAAAAAAAAAA"; }),
       Answer::Kind::kMalformed},
      {"a key that is no Base64", with([](Request& r) { r.key = "dGhlIHNhbXBsZSBub25jZ!=="; }),
       Answer::Kind::kMalformed},
      {"two keys",
       with([](Request& r) { r.key = "dGhlIHNhbXBsZSBub25jZQ==,dGhlIHNhbXBsZSBub25jZQ=="; }),
       Answer::Kind::kMalformed},
      {"no version", with([](Request& r) { r.version.reset(); }), Answer::Kind::kUnknownVersion},
      {"version 8", with([](Request& r) { r.version = "8"; }), Answer::Kind::kUnknownVersion},
  };
  for (const Row& row : rows) {
    const Answer got = answer(row.request);
    EXPECT_EQ_ROW(row.name, got.kind, row.kind);
    EXPECT_EQ_ROW(row.name, got.accept,
                  row.kind == Answer::Kind::kAccepted ? "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" : "");
    EXPECT_ROW(row.name, got.problem.empty() == (row.kind == Answer::Kind::kAccepted));
    EXPECT_ROW(row.name, wants_websocket(row.request));
  }
  EXPECT(!wants_websocket(with([](Request& r) { r.upgrade.reset(); })));
  EXPECT(!wants_websocket(with([](Request& r) { r.upgrade = "h2c"; })));
  EXPECT(wants_websocket(with([](Request& r) { r.upgrade = "h2c, websocket"; })));
}
END_TEST

struct Messages final : Conversation::Listener {
  bool on_message(bool is_text, std::string_view payload) override {
    seen.append(is_text ? "t:" : "b:").append(payload).append(" ");
    return !slow;
  }
  std::string seen;
  bool slow = false;
};

// What is left of the bytes.
std::string_view receive(Conversation& talk, std::string_view bytes, std::uint64_t now_ms,
                         Messages& messages) {
  talk.receive(bytes, now_ms, messages);
  return bytes;
}

constexpr Times kTimes{.ping_ms = 1000, .pong_ms = 300, .close_ms = 200};

START_TEST(pings_are_answered_and_sent) {
  Conversation talk({}, kTimes, 0);
  Messages messages;
  EXPECT_EQ(talk.due_ms(), 1000U);
  receive(talk, masked(kPing, "1") + masked(kText, "x") + masked(kPing, "2"), 10, messages);
  EXPECT_EQ(messages.seen, "t:x ");
  EXPECT_EQ(talk.take_outbox(), frame(Opcode::kPong, "2"));
  EXPECT_EQ(talk.take_outbox(), "");
  talk.on_time(999);
  EXPECT_EQ(talk.take_outbox(), "");
  talk.on_time(1000);
  EXPECT_EQ(talk.take_outbox(), frame(Opcode::kPing, ""));
  EXPECT_EQ(talk.due_ms(), 1300U);
  receive(talk, masked(kText, "no pong"), 1100, messages);
  EXPECT_EQ(talk.due_ms(), 1300U);
  receive(talk, masked(kPong, ""), 1200, messages);
  EXPECT_EQ(talk.due_ms(), 2200U);
  talk.on_time(2200);
  talk.on_time(2500);
  EXPECT(talk.state() == Conversation::State::kOver);
  EXPECT(talk.code() == CloseCode::kPolicyViolation);
  EXPECT_EQ(talk.problem(), "the client did not answer a ping");
  EXPECT_EQ(talk.take_outbox(), close_frame(CloseCode::kPolicyViolation, "no pong"));
}
END_TEST

START_TEST(without_pings_nothing_is_due) {
  Conversation talk({}, {.ping_ms = 0}, 0);
  EXPECT_EQ(talk.due_ms(), Conversation::kNever);
  talk.on_time(1'000'000);
  EXPECT(talk.state() == Conversation::State::kOpen);
}
END_TEST

START_TEST(each_side_may_close) {
  Messages messages;
  {
    Conversation talk({}, kTimes, 0);
    receive(talk, masked(kPing, "lost") + masked(kClose, "\x0f\xa1why") + masked(kText, "late"), 10,
            messages);
    EXPECT(talk.state() == Conversation::State::kOver);
    EXPECT_EQ(talk.take_outbox(), close_frame(static_cast<CloseCode>(4001), ""));
    EXPECT_EQ(messages.seen, "");
    EXPECT_EQ(talk.problem(), "");
  }
  {
    Conversation talk({}, kTimes, 0);
    receive(talk, masked(kClose, ""), 10, messages);
    EXPECT_EQ(talk.take_outbox(), "\x88\0"sv);
  }
  {
    Conversation talk({}, kTimes, 0);
    talk.close(CloseCode::kGoingAway, "drain", 100);
    EXPECT(talk.state() == Conversation::State::kClosing);
    EXPECT_EQ(talk.take_outbox(), close_frame(CloseCode::kGoingAway, "drain"));
    receive(talk, masked(kText, "late") + masked(kPing, ""), 110, messages);
    EXPECT_EQ(messages.seen, "");
    EXPECT_EQ(talk.take_outbox(), "");
    talk.close(CloseCode::kNormal, "again", 120);
    EXPECT_EQ(talk.take_outbox(), "");
    receive(talk, masked(kClose, "\x03\xe9"), 130, messages);
    EXPECT(talk.state() == Conversation::State::kOver);
    EXPECT_EQ(talk.take_outbox(), "");
    EXPECT(talk.code() == CloseCode::kGoingAway);
  }
  {
    Conversation talk({}, kTimes, 0);
    talk.close(CloseCode::kGoingAway, "drain", 100);
    EXPECT_EQ(talk.due_ms(), 300U);
    talk.on_time(300);
    EXPECT(talk.state() == Conversation::State::kOver);
    EXPECT_EQ(talk.due_ms(), Conversation::kNever);
  }
}
END_TEST

START_TEST(a_listener_takes_one_message_at_a_time) {
  Messages messages;
  messages.slow = true;
  Conversation talk({}, kTimes, 0);
  const std::string bytes = masked(kText, "1") + masked(kPing, "p") + masked(kText, "2") +
                            masked(kText, "3") + masked(kClose, "");
  std::string_view left = receive(talk, bytes, 10, messages);
  EXPECT_EQ(messages.seen, "t:1 ");
  EXPECT_EQ(talk.take_outbox(), "");
  left = receive(talk, left, 20, messages);
  EXPECT_EQ(messages.seen, "t:1 t:2 ");
  EXPECT_EQ(talk.take_outbox(), frame(Opcode::kPong, "p"));
  messages.slow = false;
  left = receive(talk, left, 30, messages);
  EXPECT_EQ(messages.seen, "t:1 t:2 t:3 ");
  EXPECT(left.empty());
  EXPECT(talk.state() == Conversation::State::kOver);
}
END_TEST

START_TEST(what_is_not_allowed_ends_it_with_its_code) {
  Messages messages;
  Conversation talk({}, kTimes, 0);
  receive(talk, masked(kText, "ok") + frame(Opcode::kText, "plain") + masked(kText, "x"), 10,
          messages);
  EXPECT_EQ(messages.seen, "t:ok ");
  EXPECT(talk.state() == Conversation::State::kOver);
  EXPECT_EQ(talk.problem(), "a client's frame must be masked");
  EXPECT_EQ(talk.take_outbox(),
            close_frame(CloseCode::kProtocolError, "a client's frame must be masked"));
  EXPECT_EQ(talk.due_ms(), Conversation::kNever);
}
END_TEST

// However it is cut, and whatever comes between its frames.
START_TEST(a_message_is_to_end_in_time) {
  constexpr Times kShort{.ping_ms = 0, .message_ms = 500};
  Messages messages;
  const auto whole = masked(kText, "hello");
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    Conversation talk({}, kShort, 0);
    receive(talk, whole.substr(0, cut), 100, messages);
    EXPECT_ROW(cut, talk.due_ms() == 600);
    receive(talk, "", 550, messages);
    EXPECT_ROW(cut, talk.due_ms() == 600);
    receive(talk, whole.substr(cut), 599, messages);
    EXPECT_ROW(cut, talk.due_ms() == Conversation::kNever);
  }

  Conversation talk({}, kShort, 0);
  // A whole one before it has its own time.
  receive(talk, masked(kFirst, "a"), 100, messages);
  receive(talk, masked(kLast, "b") + masked(kFirst, "c"), 300, messages);
  EXPECT_EQ(talk.due_ms(), 800U);
  receive(talk, masked(kPing, "x") + masked(kPong, "y"), 700, messages);
  EXPECT_EQ(talk.due_ms(), 800U);
  (void)talk.take_outbox();
  talk.on_time(799);
  EXPECT(talk.state() == Conversation::State::kOpen);
  talk.on_time(800);
  EXPECT(talk.state() == Conversation::State::kOver);
  EXPECT(talk.code() == CloseCode::kPolicyViolation);
  EXPECT_EQ(talk.problem(), "a message was not complete in time");
  EXPECT_EQ(talk.take_outbox(),
            close_frame(CloseCode::kPolicyViolation, "a message was not complete in time"));
  EXPECT_EQ(talk.due_ms(), Conversation::kNever);

  // Once it closes only the client's Close is waited for.
  Conversation closing({}, kShort, 0);
  receive(closing, whole.substr(0, 3), 100, messages);
  closing.close(CloseCode::kNormal, "", 200);
  receive(closing, whole.substr(3, 1), 300, messages);
  EXPECT_EQ(closing.due_ms(), 5200U);
}
END_TEST

}  // namespace
}  // namespace notify::websocket

using namespace notify::websocket;  // NOLINT

CHECK_MAIN("websocket", frames_are_read_however_they_are_cut,
           what_is_wrong_is_said_at_the_byte_that_is_wrong,
           frames_are_written_in_their_shortest_form, utf8_is_checked_across_pieces,
           the_handshake_is_checked, pings_are_answered_and_sent, without_pings_nothing_is_due,
           each_side_may_close, a_listener_takes_one_message_at_a_time,
           what_is_not_allowed_ends_it_with_its_code, a_message_is_to_end_in_time)
