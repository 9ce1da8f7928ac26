#include "shared/base/crypto.hpp"

#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

START_TEST(sha256_vectors) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256(std::string_view{})), hex(sha256("")));
}
END_TEST

START_TEST(hmac_vectors) {
  struct Row {
    std::string key;
    std::string message;
    std::string_view digest;
  };
  // RFC 4231, cases 1, 2, 6; an empty key and message.
  const Row rows[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ_ROW(row.message, hex(hmac_sha256(row.key, row.message)), row.digest);
    const HmacSha256 prepared(row.key);
    (void)prepared("another one in between");
    EXPECT_EQ_ROW(row.message, hex(prepared(row.message)), row.digest);
  }
  EXPECT(hmac_sha256({}, {}) == hmac_sha256("", ""));
}
END_TEST

START_TEST(pbkdf2_vectors) {
  EXPECT_EQ(hex(pbkdf2_sha256("password", "salt", 1)),
            "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b");
  EXPECT_EQ(hex(pbkdf2_sha256("password", "salt", 4096)),
            "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
}
END_TEST

START_TEST(compares) {
  EXPECT(equal_constant_time("", ""));
  EXPECT(equal_constant_time({}, ""));
  EXPECT(equal_constant_time("a\0b"sv, "a\0b"sv));
  EXPECT(!equal_constant_time("a\0b"sv, "a\0c"sv));
  EXPECT(!equal_constant_time("a", "A"));
  EXPECT(!equal_constant_time("a", "ab"));
  EXPECT(!equal_constant_time("ab", "a"));
  EXPECT(!equal_constant_time("", "a"));
}
END_TEST

START_TEST(random_is_of_that_length_and_differs) {
  EXPECT_EQ(random_bytes(0), "");
  EXPECT_EQ(random_bytes(1000).size(), std::size_t{1000});
  EXPECT_EQ(random_hex(32).size(), std::size_t{64});
  EXPECT(random_hex(16) != random_hex(16));
  EXPECT(unhex(random_hex(24)).has_value());
}
END_TEST

}  // namespace

CHECK_MAIN("crypto", sha256_vectors, hmac_vectors, pbkdf2_vectors, compares,
           random_is_of_that_length_and_differs)
