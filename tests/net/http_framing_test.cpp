// Goal: no answer that is not whole, and exactly as framed and encoded, is ever handed on as good; none
// makes the client hold more than its bounds. Method: servers that send scripted bytes and close.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/net/content_coding.h"
#include "tests/net/net_support.h"

namespace bf::net {
namespace {

using ::testing::AnyOf;

TEST(HttpFraming, ReadsALengthFramedBodyAndPadsIt) {
  const Fetched fetched = fetch_bytes(ok_answer("[1,2,3]", "X-Mbx-Used-Weight: 12\r\n"));
  ASSERT_TRUE(fetched.response) << fetched.response.error().message();
  EXPECT_EQ(fetched.response->status, 200);
  EXPECT_EQ(fetched.response->body, "[1,2,3]");
  EXPECT_GE(fetched.response->body.capacity(), fetched.response->body.size() + kBodyPadding);
  EXPECT_EQ(fetched.response->header("x-mbx-used-weight"), "12");
  EXPECT_EQ(fetched.response->header("x-other"), std::nullopt);
  EXPECT_EQ(fetched.frames, 0);
}

TEST(HttpFraming, ReadsChunkedBodies) {
  const Fetched fetched = fetch_bytes(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nabc\r\nA;name=value\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n");
  ASSERT_TRUE(fetched.response) << fetched.response.error().message();
  EXPECT_EQ(fetched.response->body, "abc0123456789");
}

TEST(HttpFraming, ReadsBodiesThatEndWithTheConnectionWhereThatWasAnnounced) {
  for (const std::string head :
       {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n"}) {
    const Fetched fetched = fetch_bytes(head + "to the end");
    ASSERT_TRUE(fetched.response) << head << fetched.response.error().message();
    EXPECT_EQ(fetched.response->body, "to the end");
  }
  expect_refused(fetch_bytes("HTTP/1.1 200 OK\r\n\r\nbody"), Code::kProtocol, "no framing");
}

TEST(HttpFraming, ReturnsEmptyAnswersAsTheyAre) {
  for (const std::string bytes :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"}) {
    const Fetched fetched = fetch_bytes(bytes);
    ASSERT_TRUE(fetched.response) << bytes << fetched.response.error().message();
    EXPECT_EQ(fetched.response->body, "");
  }
}

TEST(HttpFraming, SkipsInterimAnswersUpToItsBound) {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n";
  std::string eight;
  for (int i = 0; i < kInterimResponsesMax; ++i) eight.append(interim);
  const Fetched fetched = fetch_bytes(eight + ok_answer("x"));
  ASSERT_TRUE(fetched.response) << fetched.response.error().message();
  EXPECT_EQ(fetched.response->status, 200);
  expect_refused(fetch_bytes(eight + interim + ok_answer("x")), Code::kProtocol, "nine");
  expect_refused(
      fetch_bytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
      Code::kProtocol, "101");
}

TEST(HttpFraming, ReadsTheSameHoweverTheBytesArrive) {
  for (const std::string& whole :
       {ok_answer("[1,2,3]"), ok_answer(gzip("[1,2,3]"), "Content-Encoding: gzip\r\n"),
        std::string(
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
            "\r\n5;x=y\r\n[1,2,\r\n2\r\n3]\r\n0\r\nX: y\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[1,2,3]")}) {
    std::vector<Script> scripts(1);
    scripts[0].push_back(read_request());
    scripts[0].push_back(send_slowly(whole, kMsNs));
    const Fetched fetched = fetch(std::move(scripts));
    ASSERT_TRUE(fetched.response) << whole << fetched.response.error().message();
    EXPECT_EQ(fetched.response->body, "[1,2,3]") << whole;
  }
}

// Each framing, cut by the peer's orderly end behind every byte but the last.
TEST(HttpFraming, NeverTakesACutAnswerForAWholeOne) {
  const std::string packed = gzip("[1,2,3,4,5,6,7,8]");
  for (const std::string& whole :
       {ok_answer("[1,2,3]"), ok_answer(packed, "Content-Encoding: gzip\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\n\r\n" + packed}) {
    ASSERT_TRUE(fetch_bytes(whole).response) << whole;
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Fetched fetched = fetch_bytes(whole.substr(0, size));
      ASSERT_FALSE(fetched.response) << "cut at " << size << " of\n" << whole;
      EXPECT_THAT(fetched.response.error().code(), AnyOf(Code::kNetwork, Code::kProtocol)) << size;
      ASSERT_EQ(fetched.frames, 0) << size;
      EXPECT_EQ(fetched.stats.requests, 1U) << "a cut answer is not asked for again here";
    }
  }
}

TEST(HttpFraming, RefusesContentLengthsThatAreNone) {
  for (const std::string headers :
       {"Content-Length: -2\r\n", "Content-Length: +2\r\n", "Content-Length: 0x2\r\n",
        "Content-Length: 2 \t3\r\n", "Content-Length: 2,2\r\n", "Content-Length: \r\n",
        "Content-Length: 9223372036854775808\r\n", "Content-Length: 18446744073709551618\r\n",
        "Content-Length: 99999999999999999999999\r\n", "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"}) {
    expect_refused(fetch_bytes("HTTP/1.1 200 OK\r\n" + headers + "\r\nab"), Code::kProtocol,
                   headers);
  }
}

TEST(HttpFraming, RefusesTransferCodingsButChunked) {
  for (const std::string coding :
       {"gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "xchunked", ""}) {
    expect_refused(fetch_bytes("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: " +
                               coding + "\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
                   Code::kProtocol, coding);
  }
  expect_refused(
      fetch_bytes("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
      Code::kProtocol, "HTTP/1.0");
}

TEST(HttpFraming, RefusesMalformedChunks) {
  for (const std::string body :
       {"g\r\n", "\r\n", "-2\r\nab\r\n0\r\n\r\n", "+2\r\nab\r\n0\r\n\r\n", "0x2\r\nab\r\n0\r\n\r\n",
        "2 \r\nab\r\n0\r\n\r\n", "2\nab\r\n0\r\n\r\n", "2\rXab\r\n0\r\n\r\n", "2\r\nabXX0\r\n\r\n",
        "2\r\nabc\r\n0\r\n\r\n", "2\r\nab\n0\r\n\r\n", "ffffffffffffffff\r\nab",
        "10000000000000000\r\nab", "7fffffffffffffff\r\nab", "2\r\nab\r\n0\r\n\n",
        "2\r\nab\r\n0\r\nno colon\r\n\r\n", "2\r\nab\r\n0\r\nX : y\r\n\r\n",
        "2\r\nab\r\n0\r\n folded: y\r\n\r\n", "2;\x01\r\nab\r\n0\r\n\r\n"}) {
    expect_refused(fetch_bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body),
                   Code::kProtocol, body);
  }
}

TEST(HttpFraming, BoundsWhatChunksCostOnTheWire) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string extensions = head;
  for (int i = 0; i < 1'000; ++i) extensions.append("1;" + std::string(2'000, 'e') + "\r\nx\r\n");
  expect_refused(fetch_bytes(extensions), Code::kProtocol, "extensions");
  expect_refused(fetch_bytes(head + "1;" + std::string(100'000, 'e')), Code::kProtocol, "one line");
  std::string trailers = head + "0\r\n";
  for (int i = 0; i < 1'000; ++i)
    trailers.append("X-" + std::to_string(i) + ": " + std::string(80, 't') + "\r\n");
  expect_refused(fetch_bytes(trailers + "\r\n"), Code::kProtocol, "trailers");

  std::string tiny = head;  // small chunks alone are honest
  for (int i = 0; i < 50'000; ++i) tiny.append("1\r\nx\r\n");
  const Fetched fetched = fetch_bytes(tiny + "0\r\n\r\n");
  ASSERT_TRUE(fetched.response) << fetched.response.error().message();
  EXPECT_EQ(fetched.response->body.size(), 50'000U);
}

TEST(HttpFraming, RefusesHeadersThatParsersReadDifferently) {
  for (const std::string bytes :
       {"HTTP/1.1 200 OK\nContent-Length: 2\n\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nab",
        "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nX: a\r\n\tfolded\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nX: a\x01\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\rContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\rXab\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 99 No\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nab",
        "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
        "<html>",
        "\x15\x03\x01\x00\x02\x02\x46",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "GET / HTTP/1.1\r\n\r\n"}) {
    expect_refused(fetch_bytes(bytes), Code::kProtocol, bytes);
  }
  const std::string with_nul("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nab", 48);
  expect_refused(fetch_bytes(with_nul), Code::kProtocol, "NUL");
}

TEST(HttpFraming, BoundsTheHeader) {
  std::string many("HTTP/1.1 200 OK\r\n");
  for (std::size_t i = 0; i < kHeadersMax + 1; ++i) many.append("X: y\r\n");
  expect_refused(fetch_bytes(many + "\r\n"), Code::kProtocol, "129 headers");
  const std::string long_line = "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'y');
  expect_refused(fetch_bytes(long_line + "\r\n\r\n"), Code::kProtocol, "one long line");
  std::string large("HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 100; ++i) large.append("X: " + std::string(600, 'y') + "\r\n");
  const Fetched fits = fetch_bytes(large + "Content-Length: 0\r\n\r\n");
  EXPECT_TRUE(fits.response) << fits.response.error().message();
}

TEST(HttpFraming, BoundsTheBodyInEveryFraming) {
  HttpRequest request = request_for();
  request.body_bytes_max = 1'000;
  const std::string body(1'001, 'x');
  expect_refused(fetch_bytes(ok_answer(body), request), Code::kProtocol, "length");
  expect_refused(fetch_bytes("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body, request),
                 Code::kProtocol, "close");
  expect_refused(fetch_bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" +
                                 std::string(1'000, 'x') + "\r\n1\r\nx\r\n0\r\n\r\n",
                             request),
                 Code::kProtocol, "chunked");
  expect_refused(fetch_bytes(ok_answer(gzip(body), "Content-Encoding: gzip\r\n"), request),
                 Code::kProtocol, "gzip");
  EXPECT_TRUE(fetch_bytes(ok_answer(std::string(1'000, 'x')), request).response);
}

TEST(HttpFraming, ReadsLargeBodies) {
  std::string body(3'000'000, 'x');
  std::uint32_t random = 1;
  for (char& c : body) {
    random = random * 1'664'525 + 1'013'904'223;
    c = static_cast<char>('0' + (random >> 24) % 10);
  }
  const Fetched plain = fetch_bytes(ok_answer(body));
  ASSERT_TRUE(plain.response) << plain.response.error().message();
  EXPECT_TRUE(plain.response->body == body);
  const Fetched packed = fetch_bytes(ok_answer(gzip(body), "Content-Encoding: GZIP\r\n"));
  ASSERT_TRUE(packed.response) << packed.response.error().message();
  EXPECT_TRUE(packed.response->body == body);
  EXPECT_GE(packed.response->body.capacity(), body.size() + kBodyPadding);
}

TEST(HttpFraming, RefusesDamagedGzip) {
  std::string text;
  for (int i = 0; i < 2'000; ++i) text.append(std::to_string(i * i)).append(",");
  const std::string good = gzip(text);
  const auto refused = [](std::string body, const std::string& what) {
    expect_refused(fetch_bytes(ok_answer(std::move(body), "Content-Encoding: gzip\r\n")),
                   Code::kProtocol, what);
  };
  refused(good.substr(0, good.size() / 2), "cut");
  refused(good.substr(0, good.size() - 1), "cut by one");
  refused(good.substr(0, 10), "header alone");
  refused("x", "one byte");
  refused(text, "not gzip");
  refused(good + "x", "a byte behind");
  refused(good + good, "two members");
  for (const std::size_t from_end : {1U, 4U, 5U, 8U}) {  // length, then CRC
    std::string damaged = good;
    damaged[damaged.size() - from_end] = static_cast<char>(damaged[damaged.size() - from_end] ^ 1);
    refused(damaged, "byte " + std::to_string(from_end) + " from the end");
  }
}

TEST(HttpFraming, RefusesBombs) {
  const std::string zeros = gzip(std::string(7'000'000, '0'));
  ASSERT_LT(zeros.size() * kInflateRatioMax, 7'000'000U);
  expect_refused(fetch_bytes(ok_answer(zeros, "Content-Encoding: gzip\r\n")), Code::kProtocol,
                 "ratio");
  const std::string large = gzip(std::string(9'000'000, '0'));
  expect_refused(fetch_bytes(ok_answer(large, "Content-Encoding: gzip\r\n")), Code::kProtocol,
                 "size");
  std::string lying = large;  // claims to be small
  for (std::size_t i = 1; i <= 4; ++i) lying[lying.size() - i] = i == 4 ? 100 : 0;
  expect_refused(fetch_bytes(ok_answer(lying, "Content-Encoding: gzip\r\n")), Code::kProtocol,
                 "lie");
}

TEST(HttpFraming, RefusesCodingsThatWereNotAskedFor) {
  const std::string packed = gzip("text");
  for (const std::string header :
       {"Content-Encoding: deflate\r\n", "Content-Encoding: br\r\n",
        "Content-Encoding: gzip, gzip\r\n", "Content-Encoding: identity, gzip\r\n",
        "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", "Content-Encoding: x\r\n"}) {
    expect_refused(fetch_bytes(ok_answer(packed, header)), Code::kProtocol, header);
  }
  EXPECT_TRUE(fetch_bytes(ok_answer("text", "Content-Encoding: identity\r\n")).response);
}

}  // namespace
}  // namespace bf::net
