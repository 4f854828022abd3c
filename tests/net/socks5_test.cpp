// Goal and method: those of http_tunnel_test.cpp, for SOCKS5.
#include "engine/net/socks5.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/tunnel_support.h"

namespace bf::net {
namespace {

using ::testing::HasSubstr;

const std::string kOpen = "socks5h://proxy.test:1";
const std::string kWithUser = "socks5h://user:canary@proxy.test:1";

/// Bytes, zeros included.
template <std::size_t kSize>
std::string raw(const char (&text)[kSize]) {
  return std::string(text, kSize - 1);
}

const std::string kHello = raw("\x05\x01\x00");
const std::string kHelloWithUser = raw("\x05\x02\x00\x02");
const std::string kNoAuthentication = raw("\x05\x00");
const std::string kPasswordWanted = raw("\x05\x02");
const std::string kPassword = raw("\x01\x04user\x06") + "canary";
const std::string kConnect = raw("\x05\x01\x00\x03\x0d") + "exchange.test" + raw("\x00\x50");
const std::string kConnected = raw("\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34");

/// Request, answer, request, answer ...
Script talk(std::vector<std::string> lines) {
  Script script;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    script.push_back(i % 2 == 0 ? expect(lines[i]) : send(lines[i]));
  }
  return script;
}

Script open_handshake(const std::string& reply = kConnected) {
  return talk({kHello, kNoAuthentication, kConnect, reply});
}

Script user_handshake() {
  return talk({kHelloWithUser, kPasswordWanted, kPassword, raw("\x01\x00"), kConnect, kConnected});
}

Script with_page(Script script) {
  script.push_back(read_request());
  script.push_back(send(ok_answer("page")));
  return script;
}

void expect_page(const std::string& proxy, Script handshake, const std::string& what) {
  const Fetched fetched = fetch_through(proxy, with_page(std::move(handshake)));
  ASSERT_TRUE(fetched.response) << what << ": " << fetched.response.error().message();
  EXPECT_EQ(fetched.response->body, "page") << what;
}

TEST(Socks5, ConnectsWithAndWithoutCredentials) {
  expect_page(kOpen, open_handshake(), "open");
  expect_page(kWithUser, user_handshake(), "with user and password");
  expect_page(kWithUser, talk({kHelloWithUser, kNoAuthentication, kConnect, kConnected}),
              "credentials that nobody asks for are not sent");
}

TEST(Socks5, SendsAddressesAsAddressesAndNamesAsNames) {
  struct Case {
    std::string host;
    std::string sent;
  };
  const Case cases[] = {
      {"192.0.2.1", raw("\x01\xc0\x00\x02\x01")},
      {"2001:db8::1", raw("\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01")},
      {std::string(253, 'x'), raw("\x03\xfd") + std::string(253, 'x')},
  };
  for (const Case& c : cases) {
    HttpRequest request = request_through(kOpen);
    request.endpoint.host = c.host;
    std::vector<Script> scripts;
    scripts.push_back(with_page(talk(
        {kHello, kNoAuthentication, raw("\x05\x01\x00") + c.sent + raw("\x00\x50"), kConnected})));
    const Fetched fetched = fetch(std::move(scripts), std::move(request));
    EXPECT_TRUE(fetched.response) << c.host;
  }
}

TEST(Socks5, ReadsEveryFormOfReplyAndNotAByteMore) {
  for (const std::string& reply :
       {kConnected, raw("\x05\x00\x00\x03\x00\x12\x34"), raw("\x05\x00\x00\x03\x02hi\x12\x34"),
        raw("\x05\x00\x00\x03\xff") + std::string(257, 'x'),
        raw("\x05\x00\x00\x04") + std::string(18, 'x')}) {
    expect_page(kOpen, open_handshake(reply), "whole");
    Script slow;
    for (const Step& step : open_handshake(reply)) {
      slow.push_back(step.kind == Step::Kind::kSend ? send_slowly(step.bytes, kMsNs) : step);
    }
    expect_page(kOpen, std::move(slow), "byte by byte");
    // The exchange's answer in one piece with the reply.
    Script early = open_handshake(reply + ok_answer("page"));
    early.push_back(read_request());
    const Fetched fetched = fetch_through(kOpen, early);
    ASSERT_TRUE(fetched.response) << fetched.response.error().message();
    EXPECT_EQ(fetched.response->body, "page");
  }
}

TEST(Socks5, NoticesEveryCutAndStall) {
  expect_every_cut_noticed(kOpen, open_handshake(raw("\x05\x00\x00\x03\x02hi\x12\x34")));
  expect_every_cut_noticed(kWithUser, user_handshake());
}

TEST(Socks5, CanBeCancelledInEveryState) {
  expect_cancellable_everywhere(kWithUser, with_page(user_handshake()));
}

TEST(Socks5, SaysWhyAProxyDoesNotConnect) {
  struct Case {
    char reply;
    Code code;
    const char* words;
  };
  const Case cases[] = {
      {1, Code::kNetwork, "could not connect to exchange.test:80 (SOCKS reply 0x01: general"},
      {2, Code::kBlocked, "refuses to connect to exchange.test:80 (SOCKS reply 0x02: not allowed"},
      {3, Code::kNetwork, "network unreachable"},
      {4, Code::kNetwork, "host unreachable"},
      {5, Code::kNetwork, "connection refused"},
      {6, Code::kNetwork, "TTL expired"},
      {7, Code::kBlocked, "command not supported"},
      {8, Code::kBlocked, "address type not supported"},
      {9, Code::kNetwork, "unknown reply"},
      {'\xff', Code::kNetwork, "0xff: unknown reply"},
  };
  for (const Case& c : cases) {
    std::string reply = kConnected;
    reply[1] = c.reply;
    expect_no_tunnel(fetch_through(kOpen, open_handshake(reply)), c.code, c.words, c.words);
    // Without the address, the connection closed behind it.
    const Fetched brief = fetch_through(kOpen, open_handshake(reply.substr(0, 2)));
    expect_no_tunnel(brief, c.code, c.words, c.words);
  }
}

TEST(Socks5, SaysWhereCredentialsAreToBeGiven) {
  const std::string no_method = raw("\x05\xff");
  const Fetched without = fetch_through(kOpen, talk({kHello, no_method}));
  expect_no_tunnel(without, Code::kUsage, "wants a user and a password", "none");
  EXPECT_THAT(without.response.error().message(),
              HasSubstr("BF_PROXY=socks5h://USER:PASSWORD@proxy.test:1"));
  expect_no_tunnel(fetch_through(kWithUser, talk({kHelloWithUser, no_method})), Code::kUsage,
                   "refuses the user or the password", "not wanted");
  for (const std::string& status : {raw("\x01\x01"), raw("\x01\xff")}) {
    const Fetched wrong =
        fetch_through(kWithUser, talk({kHelloWithUser, kPasswordWanted, kPassword, status}));
    expect_no_tunnel(wrong, Code::kUsage, "refuses the user or the password", "wrong");
  }
}

TEST(Socks5, RefusesGarbageAtOnce) {
  const std::string http = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const Script scripts[] = {
      talk({kHelloWithUser, raw("\x04\x00")}),
      talk({kHelloWithUser, http}),
      talk({kHelloWithUser, raw("\x00\x5a\x00\x00\x00\x00\x00\x00")}),
      talk({kHelloWithUser, raw("\x05\x01")}),  // GSSAPI, which nobody offered
      talk({kHelloWithUser, raw("\x05\x03")}),
      talk({kHelloWithUser, kPasswordWanted, kPassword, raw("\x05\x00")}),
      talk({kHelloWithUser, kPasswordWanted, kPassword, http}),
      talk({kHelloWithUser, kNoAuthentication, kConnect, raw("\x04\x00\x00\x01")}),
      talk({kHelloWithUser, kNoAuthentication, kConnect, raw("\x05\x00\x00\x00")}),
      talk({kHelloWithUser, kNoAuthentication, kConnect, raw("\x05\x00\x00\x02")}),
      talk({kHelloWithUser, kNoAuthentication, kConnect, raw("\x05\x00\x00\x7f")}),
      talk({kHelloWithUser, kNoAuthentication, kConnect, http}),
  };
  for (std::size_t i = 0; i < std::size(scripts); ++i) {
    Script script = scripts[i];
    script.push_back(stall());
    const Fetched fetched = fetch_through(kWithUser, script);
    expect_no_tunnel(fetched, Code::kProtocol, "proxy socks5h://proxy.test:1: ", std::to_string(i));
    EXPECT_EQ(fetched.took_ns, 0) << i;
  }
  // A method that needs what is not there.
  const Fetched fetched = fetch_through(kOpen, talk({kHello, kPasswordWanted}));
  expect_no_tunnel(fetched, Code::kProtocol, "0x02, which nobody offered", "no credentials");
}

TEST(Socks5, NamesTheProxyWhenTheTunnelIsCut) {
  Script script = open_handshake();
  script.push_back(read_request());
  script.push_back(send("HTTP/1.1 200 OK\r\n"));
  expect_no_tunnel(fetch_through(kOpen, script), Code::kNetwork,
                   "through proxy socks5h://proxy.test:1", "cut");
}

}  // namespace
}  // namespace bf::net
