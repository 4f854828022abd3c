// Goal: a proxy's URL means what people write, is refused in words that repeat nothing of it, and is
// shown without its credentials.
#include "engine/net/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bf::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseProxy, ReadsBothKindsWithAndWithoutCredentials) {
  struct Case {
    const char* url;
    ProxyKind kind;
    const char* host;
    std::uint16_t port;
    const char* name;
  };
  const Case cases[] = {
      {"http://proxy.test:3128", ProxyKind::kHttp, "proxy.test", 3128, "http://proxy.test:3128"},
      {"proxy.test:3128", ProxyKind::kHttp, "proxy.test", 3128, "http://proxy.test:3128"},
      {"HTTP://127.0.0.1:80/", ProxyKind::kHttp, "127.0.0.1", 80, "http://127.0.0.1:80"},
      {"socks5h://[::1]:1080", ProxyKind::kSocks5h, "::1", 1080, "socks5h://[::1]:1080"},
      {"socks5h://u:p@h:1", ProxyKind::kSocks5h, "h", 1, "socks5h://h:1"},
  };
  for (const Case& c : cases) {
    const Result<ProxyPtr> proxy = parse_proxy(c.url);
    ASSERT_TRUE(proxy) << c.url << ": " << proxy.error().message();
    EXPECT_EQ((*proxy)->kind, c.kind) << c.url;
    EXPECT_EQ((*proxy)->at.host, c.host) << c.url;
    EXPECT_EQ((*proxy)->at.port, c.port) << c.url;
    EXPECT_FALSE((*proxy)->at.tls) << c.url;
    EXPECT_EQ((*proxy)->name(), c.name);
  }
  EXPECT_EQ((*parse_proxy("http://h:1"))->credentials, nullptr);
}

TEST(ParseProxy, DecodesCredentials) {
  struct Case {
    const char* url;
    const char* user;
    const char* password;
  };
  const Case cases[] = {
      {"http://user:password@h:1", "user", "password"},
      {"http://user@h:1", "user", ""},
      {"http://a%40b:p%3a%2F%25@h:1", "a@b", "p:/%"},
      {"http://user:a:b@h:1", "user", "a:b"},
      {"http://user:p@ss/word@h:1", "user", "p@ss/word"},
      {"socks5h://u%3Av:%C3%A9@h:1", "u:v", "\xc3\xa9"},
  };
  for (const Case& c : cases) {
    const Result<ProxyPtr> proxy = parse_proxy(c.url);
    ASSERT_TRUE(proxy) << c.url << ": " << proxy.error().message();
    ASSERT_NE((*proxy)->credentials, nullptr) << c.url;
    EXPECT_EQ((*proxy)->credentials->user.reveal(), c.user);
    EXPECT_EQ((*proxy)->credentials->password.reveal(), c.password);
    EXPECT_EQ((*proxy)->name(), c.url[0] == 'h' ? "http://h:1" : "socks5h://h:1");
  }
}

TEST(ParseProxy, RefusesTheRestAndRepeatsNothing) {
  const std::string long_user(256, 'u');
  const std::string urls[] = {
      "",
      "http://",
      "http://canary",
      "http://canary:",
      "http://canary:0",
      "http://canary:65536",
      "http://canary:80x",
      "http://canary:3128/path",
      "http://canary:3128?query",
      "http://user:canary:3128",
      "http://user:canary@",
      "http://user:canary@:3128",
      "http://user:canary@host",
      "http://user:canary@ho st:1",
      "http://user:canary%2@host:1",
      "http://user:canary%zz@host:1",
      "http://user:canary%0d%0a@host:1",
      "http://user:canary%00@host:1",
      "http://us%3Aer:canary@host:1",
      "http://:canary@host:1",
      "http://" + long_user + ":canary@host:1",
      "socks5h://user:" + long_user + "canary@host:1",
      "https://user:canary@host:1",
      "socks5://user:canary@host:1",
      "socks4a://user:canary@host:1",
      "ftp://canary:21",
  };
  for (const std::string& url : urls) {
    const Result<ProxyPtr> proxy = parse_proxy(url);
    ASSERT_FALSE(proxy) << url;
    EXPECT_EQ(proxy.error().code(), Code::kUsage) << url;
    EXPECT_THAT(proxy.error().message(), Not(HasSubstr("canary"))) << url;
    EXPECT_THAT(proxy.error().message(), HasSubstr("socks5h://")) << url;
  }
  EXPECT_THAT(parse_proxy("socks5://h:1").error().message(), HasSubstr("resolved here"));
  EXPECT_THAT(parse_proxy("https://h:1").error().message(), HasSubstr("without TLS"));
}

TEST(Endpoint, NamesItsRouteWithoutCredentials) {
  Endpoint endpoint;
  endpoint.host = "fapi.binance.com";
  endpoint.port = 443;
  EXPECT_EQ(endpoint.route(), "fapi.binance.com:443 direct");
  endpoint.proxy = *parse_proxy("socks5h://user:canary@proxy.test:1080");
  EXPECT_EQ(endpoint.route(), "fapi.binance.com:443 socks5h://proxy.test:1080");
}

}  // namespace
}  // namespace bf::net
