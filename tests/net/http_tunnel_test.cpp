// Goal: CONNECT opens a tunnel or fails in words that say why; whatever a proxy does, no byte of it is
// taken for the exchange's, no deadline is passed, and the credentials go to the proxy alone.
// Method: proxies that follow a script on a virtual clock.
#include "engine/net/http_tunnel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/tunnel_support.h"

namespace bf::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kOpen = "http://proxy.test:1";
const std::string kWithUser = "http://user:canary@proxy.test:1";
const std::string kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";

Script answering(std::string answer) {
  Script script;
  script.push_back(read_request());
  script.push_back(send(std::move(answer)));
  return script;
}

/// A proxy that answers CONNECT with `answer`, and an exchange behind it.
Script tunnel_after(std::string answer, const std::string& page = "[1,2,3]") {
  Script script = answering(std::move(answer));
  script.push_back(read_request());
  script.push_back(send(ok_answer(page)));
  return script;
}

TEST(HttpTunnel, AsksTheProxyAndThenTheExchange) {
  const Fetched fetched = fetch_through(kOpen, tunnel_after(kEstablished));
  ASSERT_TRUE(fetched.response) << fetched.response.error().message();
  EXPECT_EQ(fetched.response->body, "[1,2,3]");
  EXPECT_EQ(fetched.received,
            "CONNECT exchange.test:80 HTTP/1.1\r\nHost: exchange.test:80\r\n"
            "User-Agent: bf/" BF_VERSION
            "\r\n\r\n"
            "GET /page HTTP/1.1\r\nHost: exchange.test\r\nUser-Agent: bf/" BF_VERSION
            "\r\nAccept-Encoding: gzip\r\n\r\n");
}

TEST(HttpTunnel, ShowsTheCredentialsToTheProxyAlone) {
  const Fetched fetched = fetch_through(kWithUser, tunnel_after(kEstablished));
  ASSERT_TRUE(fetched.response) << fetched.response.error().message();
  const std::string line = "\r\nProxy-Authorization: Basic dXNlcjpjYW5hcnk=\r\n\r\n";
  EXPECT_THAT(fetched.received, HasSubstr(line + "GET /page"));
  EXPECT_EQ(fetched.received.find("Authorization", fetched.received.find("GET")),
            std::string::npos);
}

TEST(HttpTunnel, PutsIpv6InBracketsAndRefusesWhatIsNoHost) {
  HttpRequest request = request_through(kOpen);
  request.endpoint.host = "2001:db8::1";
  std::vector<Script> scripts;
  scripts.push_back(tunnel_after(kEstablished));
  EXPECT_THAT(fetch(scripts, request).received, HasSubstr("CONNECT [2001:db8::1]:80 HTTP/1.1\r\n"));
  request.endpoint.host = std::string(254, 'x');
  const Fetched fetched = fetch(scripts, request);
  expect_refused(fetched, Code::kUsage, "254 bytes");
  EXPECT_EQ(fetched.received, "");
}

TEST(HttpTunnel, KeepsATunnelForTheNextRequestOfTheSameWayOnly) {
  Script two = tunnel_after(kEstablished);
  two.push_back(read_request());
  two.push_back(send(ok_answer("again")));
  std::vector<Script> scripts;
  scripts.push_back(two);
  const Fetched fetched = fetch(scripts, request_through(kOpen), 2);
  ASSERT_TRUE(fetched.response) << fetched.response.error().message();
  EXPECT_EQ(fetched.stats.connections, 1U);
  const Endpoint direct = request_for().endpoint;
  EXPECT_NE(direct, request_through(kOpen).endpoint);
}

TEST(HttpTunnel, ReadsAnAnswerInAnyPieces) {
  for (const std::string answer :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    Script script;
    script.push_back(read_request());
    script.push_back(send_slowly(answer, kMsNs));
    script.push_back(read_request());
    script.push_back(send(ok_answer("page")));
    for (const Script& way : {script, tunnel_after(answer, "page")}) {
      const Fetched fetched = fetch_through(kOpen, way);
      ASSERT_TRUE(fetched.response) << answer << fetched.response.error().message();
      EXPECT_EQ(fetched.response->body, "page");
    }
  }
}

TEST(HttpTunnel, LeavesWhatComesBehindTheAnswerToTheTunnel) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{5'000}, std::size_t{100'000}}) {
    const std::string page(size, 'x');
    Script script = answering(kEstablished + ok_answer(page));
    script.push_back(read_request());
    const Fetched fetched = fetch_through(kOpen, script);
    ASSERT_TRUE(fetched.response) << size << fetched.response.error().message();
    EXPECT_EQ(fetched.response->body, page);
  }
}

TEST(HttpTunnel, NoticesEveryCutAndStall) {
  expect_every_cut_noticed(kWithUser, answering(kEstablished));
}

TEST(HttpTunnel, CanBeCancelledInEveryState) {
  expect_cancellable_everywhere(kWithUser, tunnel_after(kEstablished));
}

TEST(HttpTunnel, SaysWhyAProxyRefuses) {
  struct Case {
    const char* status;
    Code code;
    const char* words;
  };
  const Case cases[] = {
      {"400 Bad Request", Code::kBlocked, "refuses to connect to exchange.test:80 (HTTP 400)"},
      {"403 Forbidden", Code::kBlocked, "refuses to connect to exchange.test:80 (HTTP 403)"},
      {"405 Method Not Allowed", Code::kBlocked, "(HTTP 405)"},
      {"302 Found", Code::kBlocked, "(HTTP 302)"},
      {"401 Unauthorized", Code::kUsage, "(HTTP 401)"},
      {"407 Proxy Authentication Required", Code::kUsage, "(HTTP 407)"},
      {"502 Bad Gateway", Code::kNetwork, "could not connect to exchange.test:80 (HTTP 502)"},
      {"503 Service Unavailable", Code::kNetwork, "(HTTP 503)"},
      {"504 Gateway Timeout", Code::kNetwork, "(HTTP 504)"},
  };
  for (const Case& c : cases) {
    const std::string head = std::string("HTTP/1.1 ") + c.status + "\r\n";
    for (const std::string rest :
         {"\r\n", "Content-Length: 6\r\n\r\n<html>", "Connection: close\r\n\r\n<html>",
          "Transfer-Encoding: chunked\r\n\r\n6\r\n<html>\r\n0\r\n\r\n"}) {
      for (const std::string& proxy : {kOpen, kWithUser}) {
        const Fetched fetched = fetch_through(proxy, answering(head + rest));
        expect_no_tunnel(fetched, c.code, c.words, head + rest);
      }
    }
  }
}

TEST(HttpTunnel, SaysWhereCredentialsAreToBeGiven) {
  const std::string answer = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n";
  const Fetched without = fetch_through(kOpen, answering(answer));
  expect_no_tunnel(without, Code::kUsage, "wants a user and a password", answer);
  EXPECT_THAT(without.response.error().message(),
              HasSubstr("BF_PROXY=http://USER:PASSWORD@proxy.test:1"));
  const Fetched wrong = fetch_through(kWithUser, answering(answer));
  expect_no_tunnel(wrong, Code::kUsage, "refuses the user or the password", answer);
}

TEST(HttpTunnel, TakesNoPageOfTheProxyForTheExchange) {
  Script script = answering("HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n<html>portal</html>");
  script.push_back(read_request());
  const Fetched page = fetch_through(kOpen, script);
  expect_no_tunnel(page, Code::kProtocol, "through proxy http://proxy.test:1", "a page");
}

TEST(HttpTunnel, RefusesWhatIsNoAnswerAtOnce) {
  const std::string flood(70'000, 'x');
  std::string interim;
  for (int i = 0; i < 9; ++i) interim.append("HTTP/1.1 100 Continue\r\n\r\n");
  std::string many("HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 200; ++i) many.append("X: y\r\n");
  for (const std::string& answer :
       {std::string("\x16\x03\x01\x02"), std::string("\x05\x00", 2), std::string("SSH-2.0-x\r\n"),
        std::string("HTTP/2 200\r\n\r\n"), std::string("HTTP/1.1 200 OK\n\n"),
        std::string("HTTP/1.1 200 OK\r\n folded\r\n\r\n"), std::string("HTTP/1.1 xyz\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nX: " + flood, interim + kEstablished, many + "\r\n",
        std::string("HTTP/1.1 101 Switching\r\n\r\n")}) {
    Script script = answering(answer);
    script.push_back(stall());
    const Fetched fetched = fetch_through(kWithUser, script);
    expect_no_tunnel(fetched, Code::kProtocol, "proxy http://proxy.test:1: ", answer.substr(0, 60));
    EXPECT_EQ(fetched.took_ns, 0) << answer.substr(0, 60);
  }
}

TEST(HttpTunnel, NamesTheProxyWhenTheTunnelIsCut) {
  const std::string whole = ok_answer("[1,2,3]");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Script script = answering(kEstablished);
    script.push_back(read_request());
    script.push_back(send(whole.substr(0, size)));
    expect_no_tunnel(fetch_through(kWithUser, script), Code::kNetwork,
                     "through proxy http://proxy.test:1", std::to_string(size));
  }
}

}  // namespace
}  // namespace bf::net
