// Goal: a request goes out well-formed, on a connection that may carry it, once; it ends by its
// deadlines and by cancellation in every state. Method: servers that follow a script on a virtual clock.
#include "engine/net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/net_support.h"

namespace bf::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HttpClient, SendsOneWellFormedRequest) {
  HttpRequest request = request_for("/api/v3/klines?symbol=A");
  request.endpoint.port = 8080;
  request.headers.emplace_back("X-Key", "secret");
  const Fetched fetched = fetch_bytes(ok_answer(""), request);
  ASSERT_TRUE(fetched.response);
  EXPECT_EQ(fetched.received,
            "GET /api/v3/klines?symbol=A HTTP/1.1\r\nHost: exchange.test:8080\r\n"
            "User-Agent: bf/" BF_VERSION "\r\nAccept-Encoding: gzip\r\nX-Key: secret\r\n\r\n");
  EXPECT_EQ(fetched.stats.bytes_out, fetched.received.size());
}

TEST(HttpClient, RefusesTargetsAndHeadersThatWouldAddALine) {
  for (const std::string target :
       {"", "page", "/a b", "/a\r\nX: y", "/a\nb", "/\xc3\xa9", "/\x7f"}) {
    expect_refused(fetch_bytes(ok_answer(""), request_for(target)), Code::kUsage, target);
  }
  for (const std::string& value :
       {std::string("a\r\nX: y"), std::string("a\nb"), std::string("a\0b", 3)}) {
    HttpRequest request = request_for();
    request.headers.emplace_back("X-Key", value);
    const Fetched fetched = fetch_bytes(ok_answer(""), request);
    expect_refused(fetched, Code::kUsage, value);
    EXPECT_THAT(fetched.response.error().message(), Not(HasSubstr(value)));
  }
  for (const std::string name : {"", "X Y", "X:", "X\r\n"}) {
    HttpRequest request = request_for();
    request.headers.emplace_back(name, "v");
    expect_refused(fetch_bytes(ok_answer(""), request), Code::kUsage, name);
  }
}

TEST(HttpClient, ErrorsNameEndpointAndPathButNoQuery) {
  const Fetched fetched = fetch({}, request_for("/api/v3/time?signature=canary"));
  expect_refused(fetched, Code::kNetwork, "refused");
  EXPECT_THAT(fetched.response.error().message(),
              HasSubstr("GET http://exchange.test:80/api/v3/time: "));
  EXPECT_THAT(fetched.response.error().message(), Not(HasSubstr("canary")));
}

TEST(HttpClient, FollowsNoRedirect) {
  const Fetched fetched = fetch_bytes(
      "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(fetched.response);
  EXPECT_EQ(fetched.response->status, 302);
  EXPECT_EQ(fetched.stats.requests, 1U);
}

TEST(HttpClient, TimesOutWhereverThePeerStalls) {
  const std::string whole = ok_answer("[1,2,3]");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::vector<Script> scripts(1);
    scripts[0].push_back(read_request());
    scripts[0].push_back(send(whole.substr(0, size)));
    scripts[0].push_back(stall());
    const Fetched fetched = fetch(std::move(scripts));
    expect_refused(fetched, Code::kTimeout, std::to_string(size));
    EXPECT_EQ(fetched.took_ns, 10 * kSecondNs) << size;
  }
}

TEST(HttpClient, GivesUpOnABodyThatDrips) {
  std::vector<Script> scripts(1);
  scripts[0].push_back(read_request());
  scripts[0].push_back(send_slowly(ok_answer(std::string(5'000, 'x')), kSecondNs));
  const Fetched fetched = fetch(std::move(scripts));
  expect_refused(fetched, Code::kTimeout, "1 byte/s");
  EXPECT_EQ(fetched.took_ns, 20 * kSecondNs);
}

TEST(HttpClient, GivesUpAfterTheTotalTimeHoweverBusyThePeer) {
  std::vector<Script> scripts(1);
  scripts[0].push_back(read_request());
  scripts[0].push_back(send("HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n"));
  for (int i = 0; i < 100; ++i) {
    scripts[0].push_back(send(std::string(10'000, 'x')));
    scripts[0].push_back(pause(kSecondNs));
  }
  const Fetched fetched = fetch(std::move(scripts));
  expect_refused(fetched, Code::kTimeout, "total");
  EXPECT_EQ(fetched.took_ns, 60 * kSecondNs);
}

TEST(HttpClient, NoticesGarbageAtOnceThoughThePeerStaysOpen) {
  std::vector<Script> scripts(1);
  scripts[0].push_back(send("\x16\x03\x01"));
  scripts[0].push_back(stall());
  const Fetched fetched = fetch(std::move(scripts));
  expect_refused(fetched, Code::kProtocol, "not HTTP");
  EXPECT_EQ(fetched.took_ns, 0);
}

TEST(HttpClient, UsesAConnectionAgain) {
  std::vector<Script> scripts(1);
  for (int i = 0; i < 100; ++i) {
    scripts[0].push_back(read_request());
    scripts[0].push_back(send(ok_answer("x")));
  }
  const Fetched fetched = fetch(std::move(scripts), request_for(), 100);
  ASSERT_TRUE(fetched.response) << fetched.response.error().message();
  EXPECT_EQ(fetched.stats.requests, 100U);
  EXPECT_EQ(fetched.stats.connections, 1U);
  EXPECT_EQ(fetched.stats.reconnects, 0U);
}

TEST(HttpClient, DoesNotUseAConnectionAgainThatIsOrMayBeSpoiled) {
  for (const std::string& first : {ok_answer("x", "Connection: close\r\n"),
                                   "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx" + std::string(),
                                   ok_answer("x") + "more", ok_answer("x") + ok_answer("y")}) {
    std::vector<Script> scripts(2);
    for (Script& script : scripts) {
      script.push_back(read_request());
      script.push_back(send(first));
      script.push_back(stall());
    }
    const Fetched fetched = fetch(std::move(scripts), request_for(), 2);
    ASSERT_TRUE(fetched.response) << first << fetched.response.error().message();
    EXPECT_EQ(fetched.response->body, "x");
    EXPECT_EQ(fetched.stats.connections, 2U) << first;
    EXPECT_EQ(fetched.stats.requests, 2U) << first;
  }
}

TEST(HttpClient, AsksOnceMoreWhenAKeptConnectionTurnsOutToBeClosed) {
  std::vector<Script> scripts(2);
  scripts[0].push_back(read_request());
  scripts[0].push_back(send(ok_answer("x")));
  scripts[0].push_back(read_request());  // and closes without an answer
  scripts[1].push_back(read_request());
  scripts[1].push_back(send(ok_answer("y")));
  const Fetched fetched = fetch(std::move(scripts), request_for(), 2);
  ASSERT_TRUE(fetched.response) << fetched.response.error().message();
  EXPECT_EQ(fetched.response->body, "y");
  EXPECT_EQ(fetched.stats.reconnects, 1U);
  EXPECT_EQ(fetched.stats.requests, 3U);
}

TEST(HttpClient, DoesNotAskAgainWhenAnAnswerHadBegunOrTheConnectionWasFresh) {
  std::vector<Script> begun(2);
  begun[0].push_back(read_request());
  begun[0].push_back(send(ok_answer("x")));
  begun[0].push_back(read_request());
  begun[0].push_back(send("H"));
  begun[1].push_back(read_request());
  begun[1].push_back(send(ok_answer("y")));
  const Fetched after_a_byte = fetch(std::move(begun), request_for(), 2);
  expect_refused(after_a_byte, Code::kNetwork, "answer begun");
  EXPECT_EQ(after_a_byte.stats.reconnects, 0U);

  std::vector<Script> fresh(2);
  fresh[0].push_back(read_request());
  const Fetched first = fetch(std::move(fresh));
  expect_refused(first, Code::kNetwork, "fresh");
  EXPECT_EQ(first.stats.connections, 1U);
}

Task<Result<void>> get_after_idling(async::Loop& loop, ScriptTransport& transport,
                                    HttpClient& client, std::int64_t idle_ns) {
  const Result<HttpResponse> first = co_await client.get(request_for(), CancelToken());
  const async::Wake wake = co_await loop.sleep(idle_ns, CancelToken());
  (void)wake;
  const Result<HttpResponse> second = co_await client.get(request_for(), CancelToken());
  co_await client.close();
  co_await transport.close();
  if (!first) co_return fail(first.error());
  if (!second) co_return fail(second.error());
  co_return Result<void>();
}

TEST(HttpClient, DropsConnectionsThatIdledTooLong) {
  for (const auto& [idle_ns, connections] :
       {std::pair(60 * kSecondNs, 1U), std::pair(60 * kSecondNs + 1, 2U)}) {
    async::VirtualLoop loop;
    Script script;
    for (int i = 0; i < 2; ++i) {
      script.push_back(read_request());
      script.push_back(send(ok_answer("x")));
    }
    ScriptTransport transport(loop, {script, script});
    HttpClient client(transport);
    const Result<void> done = loop.run(get_after_idling(loop, transport, client, idle_ns));
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(client.stats().connections, connections) << idle_ns;
  }
}

Task<Result<void>> get_at_once(async::Loop& loop, ScriptTransport& transport, HttpClient& client,
                               int count) {
  async::TaskGroup group(loop, CancelToken());
  const auto get = [](HttpClient& c) -> Task<Result<void>> {
    const Result<HttpResponse> response = co_await c.get(request_for(), CancelToken());
    if (!response) co_return fail(response.error());
    co_return Result<void>();
  };
  for (int i = 0; i < count; ++i) group.spawn(get(client));
  const Result<void> joined = co_await group.join();
  co_await client.close();
  co_await transport.close();
  co_return joined;
}

TEST(HttpClient, KeepsAsManyIdleConnectionsAsItMay) {
  async::VirtualLoop loop;
  std::vector<Script> scripts(10);
  for (Script& script : scripts) {
    script.push_back(read_request());
    script.push_back(send(ok_answer("x")));
    script.push_back(stall());
  }
  ScriptTransport transport(loop, std::move(scripts), kMsNs);
  HttpClientOptions options;
  options.idle_connections_max = 3;
  HttpClient client(transport, options);
  const Result<void> done = loop.run(get_at_once(loop, transport, client, 10));
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(client.stats().connections, 10U);
  EXPECT_EQ(async::live_frames(), 0);
}

// Goal: a request can be cancelled in every state, promptly, and leaves nothing behind. Method: the
// n-th turn of a task beside it cancels, for each n until the request ends first.
struct CancelledGet {
  Result<HttpResponse> response = fail(Code::kInternal, "not run");
  bool was_cancelled = false;
};

Task<Result<void>> cancel_after_turns(async::Loop& loop, async::CancelSource& source, int turns,
                                      bool& ended) {
  for (int i = 0; i < turns && !ended; ++i) {
    const async::Wake wake = co_await loop.sleep(kMsNs, CancelToken());
    (void)wake;
  }
  if (!ended) source.cancel();
  co_return Result<void>();
}

Task<Result<void>> get_into(HttpClient& client, CancelToken cancel, CancelledGet& got,
                            bool& ended) {
  got.response = co_await client.get(request_for(), cancel);
  ended = true;
  co_return Result<void>();
}

Task<CancelledGet> get_and_cancel(async::Loop& loop, ScriptTransport& transport, int turns) {
  CancelledGet got;
  async::CancelSource source;
  bool ended = false;
  HttpClient client(transport);
  async::TaskGroup group(loop, CancelToken());
  group.spawn(get_into(client, source.token(), got, ended));
  group.spawn(cancel_after_turns(loop, source, turns, ended));
  const Result<void> joined = co_await group.join();
  BF_ASSERT(joined.has_value());
  got.was_cancelled = source.cancelled();
  co_await client.close();
  co_await transport.close();
  co_return got;
}

TEST(HttpClient, CanBeCancelledInEveryState) {
  int cancelled = 0;
  for (int turns = 0;; ++turns) {
    ASSERT_LT(turns, 1'000);
    async::VirtualLoop loop;
    std::vector<Script> scripts(1);
    scripts[0].push_back(read_request());
    scripts[0].push_back(send_slowly(ok_answer("[1,2,3]"), kMsNs));
    ScriptTransport transport(loop, std::move(scripts), 3 * kMsNs);
    const CancelledGet got = loop.run(get_and_cancel(loop, transport, turns));
    ASSERT_EQ(async::live_frames(), 0) << turns;
    if (!got.was_cancelled) {
      EXPECT_TRUE(got.response) << got.response.error().message();
      break;
    }
    ASSERT_FALSE(got.response) << turns;
    EXPECT_EQ(got.response.error().code(), Code::kCancelled) << turns;
    ++cancelled;
  }
  EXPECT_GT(cancelled, 20);
}

}  // namespace
}  // namespace bf::net
