// Goal: a connection goes through the proxy that was meant for it, and no other.
#include "engine/net/proxy_choice.h"

#include <gtest/gtest.h>

namespace bf::net {
namespace {

ProxyPtr proxy(const std::string& host) { return *parse_proxy("http://" + host + ":3128"); }

Endpoint endpoint(std::string host, bool tls = true, std::uint16_t port = 443) {
  Endpoint made;
  made.host = std::move(host);
  made.port = port;
  made.tls = tls;
  return made;
}

/// The chosen proxy's host, "direct", or "error".
std::string chosen(const ProxyChoice& choice, std::string_view source, const Endpoint& to) {
  const Result<ProxyPtr> found = choice.choose(source, to);
  if (!found) return "error";
  return *found ? (*found)->at.host : "direct";
}

TEST(ProxyChoice, TakesTheNearestOfMarketExchangeAllAndEnvironment) {
  ProxyChoice choice;
  EXPECT_EQ(chosen(choice, "binance/um", endpoint("fapi.binance.com")), "direct");
  EnvironmentProxies environment;
  environment.for_https = proxy("environment");
  choice.set_environment(environment);
  EXPECT_EQ(chosen(choice, "binance/um", endpoint("fapi.binance.com")), "environment");
  choice.set("", proxy("all"));
  EXPECT_EQ(chosen(choice, "binance/um", endpoint("fapi.binance.com")), "all");
  choice.set("binance", proxy("exchange"));
  EXPECT_EQ(chosen(choice, "binance/um", endpoint("fapi.binance.com")), "exchange");
  choice.set("binance/um", proxy("market"));
  EXPECT_EQ(chosen(choice, "binance/um", endpoint("fapi.binance.com")), "market");
  EXPECT_EQ(chosen(choice, "binance/spot", endpoint("api.binance.com")), "exchange");
  EXPECT_EQ(chosen(choice, "binance", endpoint("data.binance.vision")), "exchange");
  EXPECT_EQ(chosen(choice, "okx/swap", endpoint("www.okx.com")), "all");
  choice.set("okx", nullptr);
  EXPECT_EQ(chosen(choice, "okx/swap", endpoint("www.okx.com")), "direct");
}

TEST(ProxyChoice, KeepsTheEnvironmentAwayFromThisMachineAndExplicitOnesNot) {
  ProxyChoice choice;
  EnvironmentProxies environment;
  environment.for_https = proxy("environment");
  environment.for_http = proxy("environment");
  choice.set_environment(environment);
  for (const char* const host : {"localhost", "sim.localhost", "127.0.0.1", "127.9.8.7", "::1",
                                 "::ffff:127.0.0.1", "::ffff:7f00:1"}) {
    EXPECT_EQ(chosen(choice, "binance/um", endpoint(host, false)), "direct") << host;
    EXPECT_EQ(chosen(choice, "binance/um", endpoint(host, true)), "direct") << host;
  }
  for (const char* const host :
       {"128.0.0.1", "localhost.test", "notlocalhost", "::2", "10.0.0.1"}) {
    EXPECT_EQ(chosen(choice, "binance/um", endpoint(host, false)), "environment") << host;
  }
  choice.set("", proxy("all"));
  EXPECT_EQ(chosen(choice, "binance/um", endpoint("127.0.0.1", false)), "all");
}

TEST(ProxyChoice, TakesTheVariableOfTheSchemeAndFailsOnlyWhereABadOneIsNeeded) {
  ProxyChoice choice;
  EnvironmentProxies environment;
  environment.for_https = parse_proxy("gopher://x:1");
  environment.for_http = proxy("plain");
  environment.except = NoProxy("excepted.test");
  choice.set_environment(environment);
  EXPECT_EQ(chosen(choice, "a/b", endpoint("host.test", false)), "plain");
  EXPECT_EQ(chosen(choice, "a/b", endpoint("host.test", true)), "error");
  EXPECT_EQ(chosen(choice, "a/b", endpoint("excepted.test", true)), "direct");
  EXPECT_EQ(chosen(choice, "a/b", endpoint("127.0.0.1", true)), "direct");
  choice.set("a", proxy("mine"));
  EXPECT_EQ(chosen(choice, "a/b", endpoint("host.test", true)), "mine");
}

struct Covered {
  const char* list;
  const char* host;
  std::uint16_t port;
  bool covered;
};

TEST(NoProxyList, CoversHostsNetworksAndPorts) {
  const Covered cases[] = {
      {"", "example.com", 443, false},
      {" , ,", "example.com", 443, false},
      {"*", "example.com", 443, true},
      {"*", "10.0.0.1", 443, true},
      {"example.com", "example.com", 443, true},
      {"example.com", "EXAMPLE.com", 443, true},
      {"example.com", "example.com.", 443, true},
      {"EXAMPLE.COM.", "example.com", 443, true},
      {"example.com", "api.example.com", 443, true},
      {".example.com", "api.example.com", 443, true},
      {".example.com", "example.com", 443, true},
      {"*.example.com", "api.example.com", 443, true},
      {"example.com", "notexample.com", 443, false},
      {"example.com", "example.com.evil.test", 443, false},
      {"api.example.com", "example.com", 443, false},
      {"other.test,example.com", "example.com", 443, true},
      {"other.test  example.com", "example.com", 443, true},
      {"example.com:8443", "example.com", 8443, true},
      {"example.com:8443", "example.com", 443, false},
      {"example.com:", "example.com", 443, false},
      {"example.com:http", "example.com", 443, false},
      {"192.0.2.1", "192.0.2.1", 443, true},
      {"192.0.2.1", "192.0.2.10", 443, false},
      {"192.0.2.1:80", "192.0.2.1", 80, true},
      {"192.0.2.1:80", "192.0.2.1", 443, false},
      {"0.2.1", "192.0.2.1", 443, false},
      {"10.0.0.0/8", "10.1.2.3", 443, true},
      {"10.0.0.0/8", "11.1.2.3", 443, false},
      {"10.16.0.0/12", "10.31.255.255", 443, true},
      {"10.16.0.0/12", "10.32.0.0", 443, false},
      {"10.0.0.1/32", "10.0.0.1", 443, true},
      {"10.0.0.0/33", "10.0.0.0", 443, false},
      {"10.0.0.0/0", "10.0.0.0", 443, false},
      {"10.0.0.0/x", "10.0.0.0", 443, false},
      {"10.0.0.0/8", "name.test", 443, false},
      {"example.com/8", "example.com", 443, false},
      {"::1", "::1", 443, true},
      {"[::1]", "0:0::1", 443, true},
      {"[::1]:80", "::1", 80, true},
      {"[::1]:80", "::1", 443, false},
      {"[::1", "::1", 443, true},
      {"[", "::1", 443, false},
      {"]", "::1", 443, false},
      {"2001:db8::/32", "2001:db8:1::2", 443, true},
      {"2001:db8::/32", "2001:db9::2", 443, false},
      {"2001:db8::/32", "10.0.0.1", 443, false},
      {"/", "example.com", 443, false},
      {":", "example.com", 443, false},
      {".", "example.com", 443, false},
      {"*.", "example.com", 443, false},
  };
  for (const Covered& c : cases) {
    EXPECT_EQ(NoProxy(c.list).covers(c.host, c.port), c.covered)
        << "\"" << c.list << "\" and " << c.host << ":" << c.port;
  }
}

}  // namespace
}  // namespace bf::net
