// Where requests of the catalogue's providers may go.

#include "tests/check_main.hpp"
#include "worker/net/target_address.hpp"

using namespace notify;
using namespace notify::worker;

namespace {

START_TEST(addresses) {
  struct Row {
    const char* address;
    bool is_public;
  };
  const Row rows[] = {
      {"1.1.1.1", true},
      {"9.255.255.255", true},
      {"10.0.0.0", false},
      {"10.255.255.255", false},
      {"11.0.0.0", true},
      {"0.0.0.0", false},
      {"0.1.2.3", false},
      {"100.63.255.255", true},
      {"100.64.0.1", false},
      {"100.100.100.200", false},
      {"100.127.255.255", false},
      {"100.128.0.0", true},
      {"127.0.0.1", false},
      {"127.255.255.254", false},
      {"168.63.129.16", false},
      {"168.63.129.17", true},
      {"169.254.169.254", false},
      {"169.253.0.1", true},
      {"172.15.255.255", true},
      {"172.16.0.1", false},
      {"172.31.255.255", false},
      {"172.32.0.0", true},
      {"192.0.0.192", false},
      {"192.0.1.1", true},
      {"192.0.2.1", false},
      {"192.88.99.1", false},
      {"192.168.0.1", false},
      {"192.169.0.1", true},
      {"198.17.255.255", true},
      {"198.18.0.1", false},
      {"198.19.255.255", false},
      {"198.20.0.0", true},
      {"198.51.100.7", false},
      {"203.0.113.7", false},
      {"223.255.255.255", true},
      {"224.0.0.1", false},
      {"239.255.255.255", false},
      {"240.0.0.1", false},
      {"255.255.255.255", false},
      {"2606:4700:4700::1111", true},
      {"2a00:1450:4001::1", true},
      {"::", false},
      {"::1", false},
      {"::127.0.0.1", false},
      {"::8.8.8.8", false},
      {"::ffff:127.0.0.1", false},
      {"::ffff:10.1.2.3", false},
      {"::ffff:8.8.8.8", true},
      {"::ffff:0:127.0.0.1", false},
      {"64:ff9b::7f00:1", false},
      {"64:ff9b::a9fe:a9fe", false},
      {"64:ff9b::808:808", true},
      {"64:ff9b:1::808:808", false},
      {"100::1", false},
      {"2001::1", false},
      {"2001:0:4136:e378:8000:63bf:3fff:fdd2", false},
      {"2001:1ff::1", false},
      {"2001:200::1", true},
      {"2001:db8::1", false},
      {"2002:7f00:1::", false},
      {"2002:a00:1::1", false},
      {"2002:808:808::1", false},
      {"3ffe::1", true},
      {"3fff::1", false},
      {"4000::1", false},
      {"5f00::1", false},
      {"fc00::1", false},
      {"fd00:ec2::254", false},
      {"fe80::1", false},
      {"febf::1", false},
      {"fec0::1", false},
      {"ff02::1", false},
  };
  for (const auto& row : rows) {
    const auto address = parse_address(row.address);
    EXPECT_ROW(row.address, address.has_value());
    EXPECT_EQ_ROW(row.address, is_public_address(*address), row.is_public);
  }
}
END_TEST

START_TEST(networks) {
  for (const char* wrong : {"10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8",
                            "x", "fd00::/129", "fd00::1/8", "10.0.0.0/08x", "/8", "10.0.0.0/8/8"}) {
    EXPECT_ROW(wrong, !parse_network(wrong).ok());
    EXPECT_ROW(wrong, !parse_networks("10.0.0.0/8," + std::string(wrong)).ok());
  }
  struct Row {
    const char* networks;
    const char* address;
    bool allowed;
  };
  const Row rows[] = {
      {"", "10.1.2.3", false},
      {"", "1.1.1.1", true},
      {"10.1.0.0/16", "10.1.2.3", true},
      {"10.1.0.0/16", "10.2.2.3", false},
      {"10.1.0.0/16", "::ffff:10.1.2.3", true},
      {"10.1.0.0/16", "64:ff9b::a01:203", false},
      {"10.1.2.3", "10.1.2.3", true},
      {"10.1.2.3", "10.1.2.2", false},
      {" 192.168.0.0/17 ,,\t::1", "::1", true},
      {"192.168.0.0/17 ::1", "192.168.127.255", true},
      {"192.168.0.0/17", "192.168.128.0", false},
      {"0.0.0.0/0", "127.0.0.1", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "127.0.0.1", true},
      {"fd00::/8", "fd12::1", true},
      {"fd00::/8", "fc12::1", false},
  };
  for (const auto& row : rows) {
    const auto allowed = parse_networks(row.networks);
    EXPECT_ROW(row.networks, allowed.ok());
    EXPECT_EQ_ROW(std::string(row.networks) + " " + row.address,
                  TargetRule(*allowed).allows(*parse_address(row.address)), row.allowed);
  }
}
END_TEST

START_TEST(urls) {
  struct Row {
    const char* url;
    bool allowed;
  };
  const Row rows[] = {
      {"https://hooks.example/x?y=1#z", true},
      {"http://hooks.example:8080", true},
      {"http://a-b_c.example./", true},
      {"http://xn--bcher-kva.example/", true},
      {"http://3com.example/", true},
      {"http://1.1.1.1/", true},
      {"http://[2606:4700:4700::1111]:443/x", true},
      {"http://127.0.0.1/", false},
      {"http://localhost/", false},
      {"http://LocalHost./", false},
      {"http://a.localhost:1/", false},
      {"http://[::1]/", false},
      {"http://[::ffff:127.0.0.1]/", false},
      {"http://[::ffff:7f00:1]/", false},
      {"http://[64:ff9b::7f00:1]/", false},
      {"http://169.254.169.254/latest/meta-data/", false},
      {"http://127.1/", false},
      {"http://0x7f.1/", false},
      {"http://0x7f000001/", false},
      {"http://0x/", false},
      {"http://2130706433/", false},
      {"http://0177.0.0.1/", false},
      {"http://017700000001/", false},
      {"http://127.0.0.1./", false},
      {"http://8.8.8.08/", false},
      {"http://x.8/", false},
      {"http://127.0.0.1%2f/", false},
      {"http://127%2e0%2e0%2e1/", false},
      {"http://@/", false},
      {"http://@host/", false},
      {"http://user@host/", false},
      {"http://user:word@host/", false},
      {"http://1.1.1.1@127.0.0.1/", false},
      {"http://1.1.1.1#@127.0.0.1/", true},
      {"http://1.1.1.1\\@127.0.0.1/", false},
      {"http://host\\x/", false},
      {"http:///x", false},
      {"http://", false},
      {"http://?x", false},
      {"http://:80/", false},
      {"http://host:/", false},
      {"http://host:0/", false},
      {"http://host:65536/", false},
      {"http://host:80:80/", false},
      {"http://host:8x/", false},
      {"http://[::1/", false},
      {"http://[/", false},
      {"http://[]/", false},
      {"http://[127.0.0.1]/", false},
      {"http://[fe80::1%25eth0]/", false},
      {"http://[2606:4700:4700::1111]x/", false},
      {"http://.host/", false},
      {"http://a..b/", false},
      {"http://./", false},
      {"http://ho st/", false},
      {"http://host/a b", false},
      {"http://host/\r\nX: y", false},
      {"http://h\xc3\xb6st/", false},
      {"http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", false},
      {"HTTP://host/", false},
      {"ftp://host/", false},
      {"gopher://host/", false},
      {"file:///etc/passwd", false},
      {"//host/", false},
      {"host", false},
      {"", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ_ROW(row.url, !TargetRule().check_url(row.url).has_value(), row.allowed);
  }
  const TargetRule loopback(*parse_networks("127.0.0.0/8"));
  EXPECT(!loopback.check_url("http://127.0.0.1:8080/x").has_value());
  EXPECT(!loopback.check_url("http://localhost:8080/x").has_value());
  EXPECT(loopback.check_url("http://10.0.0.1/x").has_value());
  EXPECT(loopback.check_url("http://127.1/x").has_value());
}
END_TEST

}  // namespace

CHECK_MAIN("target address", addresses, networks, urls)
