#include "shared/base/encoding.hpp"

#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

START_TEST(hexadecimal_digits) {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const std::size_t at = kDigits.find(c);
    const int value = at == kDigits.npos ? -1 : static_cast<int>(at < 16 ? at : at - 6);
    EXPECT_EQ_ROW(i, hex_value(c), value);
    EXPECT_EQ_ROW(i, hex_byte(c, 'f'), value < 0 ? -1 : value * 16 + 15);
    EXPECT_EQ_ROW(i, hex_byte('0', c), value);
    EXPECT_EQ_ROW(i, is_hex(std::string_view(&c, 1)), value >= 0);
    EXPECT_EQ_ROW(i, is_lower_hex(std::string_view(&c, 1)), at < 16);
  }
  struct Row {
    std::string_view text;
    bool any_case;
    bool lower_case;
  };
  constexpr Row kRows[] = {
      {"", true, true},         {"0123456789abcdef", true, true},
      {"00aF", true, false},    {"0x00", false, false},
      {"00 ", false, false},    {"\0"sv, false, false},
      {"0f\xc3", false, false}, {"-1", false, false},
      {"fg", false, false},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.text, is_hex(row.text), row.any_case);
    EXPECT_EQ_ROW(row.text, is_lower_hex(row.text), row.lower_case);
  }
}
END_TEST

START_TEST(hexadecimal) {
  EXPECT_EQ(hex(""sv), "");
  EXPECT_EQ(hex("\x00\x7f\x80\xff"sv), "007f80ff");
  EXPECT_EQ(unhex("007f80FF").value_or("?"), "\x00\x7f\x80\xff"sv);
  for (const std::string_view bad : {"0"sv, "0g"sv, "g0"sv, " 0"sv, "0x"sv, "\0\0"sv}) {
    EXPECT_ROW(bad, !unhex(bad));
  }
}
END_TEST

START_TEST(base64_vectors) {
  struct Row {
    std::string_view bytes;
    std::string_view url;
    std::string_view padded;
  };
  // RFC 4648, section 10, and the two alphabets' last letters.
  constexpr Row kRows[] = {
      {"", "", ""},
      {"f", "Zg", "Zg=="},
      {"fo", "Zm8", "Zm8="},
      {"foo", "Zm9v", "Zm9v"},
      {"foob", "Zm9vYg", "Zm9vYg=="},
      {"fooba", "Zm9vYmE", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
      {"\xfb\xef\xbe"sv, "----", "++++"},
      {"\xff\xff\xff"sv, "____", "////"},
      {"\0\0\0\0"sv, "AAAAAA", "AAAAAA=="},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.url, base64url_encode(row.bytes), row.url);
    EXPECT_EQ_ROW(row.url, base64url_decode(row.url).value_or("?"), row.bytes);
    EXPECT_EQ_ROW(row.padded, base64_encode(row.bytes), row.padded);
    EXPECT_EQ_ROW(row.padded, base64_decode(row.padded).value_or("?"), row.bytes);
  }
}
END_TEST

START_TEST(decoders_are_strict) {
  for (const std::string_view bad :
       {"A"sv, "Zg=="sv, "Zg="sv, "Zh"sv, "Zm9"sv, "Zm9vA"sv, "Zm 8"sv, "Zm8\n"sv, "+A"sv, "/A"sv,
        "Z.8"sv, "Z\xc3\xa9"sv, "\0\0"sv, "="sv, "===="sv, "Zm9vYm=="sv}) {
    EXPECT_ROW(bad, !base64url_decode(bad));
  }
  for (const std::string_view bad : {"Zg"sv, "Zg="sv, "Zh=="sv, "Zg==="sv, "Zg==Zg=="sv, "===="sv,
                                     "Z==="sv, "-A=="sv, "_A=="sv, "Zm8=\n"sv, "=Zm8"sv}) {
    EXPECT_ROW(bad, !base64_decode(bad));
  }
}
END_TEST

START_TEST(there_and_back) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ_ROW(i, base64url_decode(base64url_encode(bytes)).value_or("?"), bytes);
    EXPECT_EQ_ROW(i, base64_decode(base64_encode(bytes)).value_or("?"), bytes);
    EXPECT_EQ_ROW(i, unhex(hex(bytes)).value_or("?"), bytes);
    bytes += static_cast<char>(i * 7);
  }
}
END_TEST

}  // namespace

CHECK_MAIN("encoding", hexadecimal_digits, hexadecimal, base64_vectors, decoders_are_strict,
           there_and_back)
