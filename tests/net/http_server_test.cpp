// Goal: the server speaks HTTP/1.1 as it is written, and plays exactly the faults that it is told to.
// Method: raw bytes in, raw bytes out, over an in-memory stream on a virtual clock.
#include "engine/net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "engine/net/content_coding.h"
#include "tests/net/net_support.h"

namespace bf::net {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class FixedHandler final : public HttpHandler {
 public:
  explicit FixedHandler(ServerResponse response) : response_(std::move(response)) {}
  Task<ServerResponse> handle(ServerRequest request, CancelToken cancel) override {
    (void)cancel;
    requests.push_back(std::move(request));
    co_return response_;
  }
  std::vector<ServerRequest> requests;

 private:
  ServerResponse response_;
};

Task<Result<void>> send_all_then_read(Stream& client, std::string request, std::string& answer,
                                      bool half_close_after, std::int64_t deadline_ns) {
  (void)half_close_after;
  const Result<void> sent =
      co_await client.write(std::span<const char>(request), CancelToken(), deadline_ns);
  std::array<char, 1'000> buffer{};
  while (sent) {
    const Result<std::size_t> bytes =
        co_await client.read(std::span<char>(buffer), CancelToken(), deadline_ns);
    if (!bytes || *bytes == 0) break;
    answer.append(buffer.data(), *bytes);
  }
  co_await client.close();
  co_return Result<void>();
}

Task<Result<void>> converse(async::Loop& loop, HttpHandler& handler, std::string request,
                            std::string& answer) {
  StreamPair pair = make_stream_pair(loop, 0);
  async::TaskGroup group(loop, CancelToken());
  group.spawn(serve_connection_alone(loop, std::move(pair.server), handler, 7, group.token()));
  // The server keeps the connection: after a virtual second of silence the client goes.
  group.spawn(send_all_then_read(*pair.client, std::move(request), answer, false,
                                 loop.now_ns() + 100 * kSecondNs));
  co_return co_await group.join();
}

/// Everything that the server sent in answer to `request` until it closed or fell silent.
std::string answer_to(const std::string& request, FixedHandler& handler) {
  async::VirtualLoop loop;
  std::string answer;
  EXPECT_TRUE(loop.run(converse(loop, handler, request, answer)));
  EXPECT_EQ(async::live_frames(), 0);
  return answer;
}

const std::string kGet = "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(HttpServer, AnswersWithStatusHeadersAndBody) {
  ServerResponse response;
  response.status = 429;
  response.headers.emplace_back("Retry-After", "3");
  response.body = "slow down";
  FixedHandler handler(response);
  EXPECT_EQ(answer_to(kGet, handler),
            "HTTP/1.1 429 Too Many Requests\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
            "Content-Length: 9\r\nRetry-After: 3\r\n\r\nslow down");
  ASSERT_EQ(handler.requests.size(), 1U);
  EXPECT_EQ(handler.requests[0].method, "GET");
  EXPECT_EQ(handler.requests[0].target, "/a?b=c");
  EXPECT_EQ(handler.requests[0].connection, 7U);
  EXPECT_EQ(handler.requests[0].headers, (Headers{{"host", "x"}}));
}

TEST(HttpServer, AnswersPipelinedRequestsInOrderAndThenCloses) {
  ServerResponse response;
  response.body = "x";
  FixedHandler handler(response);
  const std::string last = "GET /last HTTP/1.1\r\nConnection: close\r\n\r\n";
  const std::string answer = answer_to(kGet + kGet + last + kGet, handler);
  EXPECT_EQ(handler.requests.size(), 3U);
  EXPECT_EQ(handler.requests.back().target, "/last");
  EXPECT_THAT(answer, EndsWith("Connection: close\r\n\r\nx"));
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  ServerResponse response;
  response.body = "body";
  FixedHandler handler(response);
  const std::string answer = answer_to("HEAD / HTTP/1.1\r\n\r\n", handler);
  EXPECT_THAT(answer, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpServer, CompressesForThoseWhoAcceptIt) {
  ServerResponse response;
  response.gzip = true;
  response.body = std::string(2'000, 'x');
  FixedHandler handler(response);
  const std::string packed =
      answer_to("GET / HTTP/1.1\r\nAccept-Encoding: br, gzip\r\n\r\n", handler);
  EXPECT_THAT(packed, HasSubstr("Content-Encoding: gzip\r\n"));
  const Result<std::string> plain = gunzip(packed.substr(packed.find("\r\n\r\n") + 4), 10'000);
  ASSERT_TRUE(plain);
  EXPECT_EQ(*plain, response.body);
  EXPECT_THAT(answer_to(kGet, handler), EndsWith(response.body));
}

TEST(HttpServer, SendsSharedBodiesAndChunks) {
  ServerResponse response;
  response.shared_body = std::make_shared<const std::string>(20'000, 's');
  FixedHandler shared(response);
  EXPECT_THAT(answer_to(kGet, shared), EndsWith("\r\n\r\n" + *response.shared_body));
  response.chunked = true;
  FixedHandler chunked(response);
  const std::string answer = answer_to(kGet, chunked);
  EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(answer, EndsWith("s\r\n0\r\n\r\n"));
}

TEST(HttpServer, CutsBehindEachByteThatItIsToldTo) {
  ServerResponse response;
  response.body = std::string(40'000, 'x');  // head and body leave in two writes
  FixedHandler whole(response);
  const std::string all = answer_to(kGet, whole);
  for (const std::int64_t cut : {0, 1, 50, 120, 20'000, 39'999}) {
    response.cut_after = cut;
    FixedHandler handler(response);
    EXPECT_EQ(answer_to(kGet, handler).size(), static_cast<std::size_t>(cut));
  }
  response.cut_after = 1'000'000;
  FixedHandler beyond(response);
  EXPECT_EQ(answer_to(kGet, beyond).size(), all.size());
}

TEST(HttpServer, StallsAndWaitsForTheClientToGo) {
  ServerResponse response;
  response.body = "0123456789";
  response.stall_after = 30;
  FixedHandler handler(response);
  EXPECT_EQ(answer_to(kGet, handler).size(), 30U);
}

TEST(HttpServer, SendsRawBytes) {
  ServerResponse response;
  response.raw = "not HTTP at all";
  response.close = true;
  FixedHandler handler(response);
  EXPECT_EQ(answer_to(kGet, handler), "not HTTP at all");
}

TEST(HttpServer, RefusesWhatIsNoRequest) {
  const std::string header_flood = "GET / HTTP/1.1\r\nX: " + std::string(17'000, 'y') + "\r\n\r\n";
  for (const std::string& request :
       {std::string("nonsense\r\n\r\n"), std::string("GET / HTTP/1.1\n\n"),
        std::string("GET / HTTP/2.0\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"),
        std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        header_flood}) {
    FixedHandler handler{ServerResponse()};
    EXPECT_THAT(answer_to(request, handler), StartsWith("HTTP/1.1 400 ")) << request.substr(0, 60);
    EXPECT_TRUE(handler.requests.empty());
  }
}

TEST(HttpServer, DelaysByTheClock) {
  ServerResponse response;
  response.delay_ns = 5 * kSecondNs;
  FixedHandler handler(response);
  async::VirtualLoop loop;
  SimTransport transport(loop);
  transport.route("exchange.test", 80, SimRoute{&handler, 10 * kMsNs});
  HttpClient client(transport);
  const auto run = [](SimTransport& t, HttpClient& c) -> Task<Result<void>> {
    const Result<HttpResponse> got = co_await c.get(request_for(), CancelToken());
    co_await c.close();
    co_await t.close();
    if (!got) co_return fail(got.error());
    co_return Result<void>();
  };
  const std::int64_t begin = loop.now_ns();
  const Result<void> done = loop.run(run(transport, client));
  ASSERT_TRUE(done) << done.error().message();
  // Two round trips of 20 ms: one to connect, one for the request.
  EXPECT_EQ(loop.now_ns() - begin, 5 * kSecondNs + 40 * kMsNs);
}

}  // namespace
}  // namespace bf::net
