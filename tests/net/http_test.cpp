#include "engine/net/http.h"

#include <gtest/gtest.h>

#include "engine/net/content_coding.h"
#include "engine/net/http_head.h"

namespace bf::net {
namespace {

TEST(ParseUrl, SplitsAbsoluteUrls) {
  const Result<Url> full = parse_url("https://api.binance.com:8443/api/v3/");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->endpoint.host, "api.binance.com");
  EXPECT_EQ(full->endpoint.port, 8443);
  EXPECT_TRUE(full->endpoint.tls);
  EXPECT_EQ(full->path, "/api/v3");
  EXPECT_EQ(full->endpoint.name(), "https://api.binance.com:8443");

  const Result<Url> bare = parse_url("https://fapi.binance.com");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->endpoint.port, 443);
  EXPECT_EQ(bare->path, "");

  const Result<Url> v6 = parse_url("http://[::1]:81//");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->endpoint.host, "::1");
  EXPECT_EQ(v6->endpoint.port, 81);
  EXPECT_EQ(v6->endpoint.name(), "http://[::1]:81");
}

TEST(ParseUrl, RefusesWhatItCannotUse) {
  const std::string long_host(254, 'a');
  for (const std::string& url :
       {std::string(), std::string("api.binance.com"), std::string("ftp://a"),
        std::string("https://"), std::string("https:///path"), std::string("https://a:0"),
        std::string("https://a:65536"), std::string("https://a:"), std::string("https://a:8x"),
        std::string("https://a:-1"), std::string("https://u:p@a/"), std::string("https://a/?q=1"),
        std::string("https://a/#f"), std::string("https://a b/"), std::string("https://a\r\nX: y/"),
        std::string("https://[::1"), std::string("https://[::1]x"), std::string("https://a\\b"),
        "https://" + long_host}) {
    const Result<Url> parsed = parse_url(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().code(), Code::kUsage) << url;
  }
}

TEST(ParseUrl, TakesPlainHttpToThisMachineAloneUnlessTold) {
  for (const std::string url :
       {"http://localhost:1", "http://127.0.0.1", "http://127.9.9.9", "http://[::1]"}) {
    EXPECT_TRUE(parse_url(url)) << url;
  }
  for (const std::string url :
       {"http://api.binance.com", "http://127.evil.test", "http://localhost.evil.test",
        "http://10.0.0.1", "http://[::2]", "http://0177.0.0.1"}) {
    EXPECT_FALSE(parse_url(url)) << url;
    EXPECT_TRUE(parse_url(url, /*allow_plain=*/true)) << url;
  }
}

TEST(ListHolds, LooksAtWholeTokensOfAnyCase) {
  EXPECT_TRUE(list_holds("gzip", "gzip"));
  EXPECT_TRUE(list_holds("br, GZip ;q=1, x", "gzip"));
  EXPECT_FALSE(list_holds("gzip2, xgzip", "gzip"));
  EXPECT_FALSE(list_holds("", "gzip"));
  EXPECT_FALSE(list_holds(",,", "gzip"));
}

// However the bytes of a head arrive, the scanner finds the same end.
TEST(HeadScanner, FindsTheSameEndByteByByte) {
  const std::string head = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
  const std::string bytes = head + "\r\nbody";
  HeadScanner scanner;
  for (std::size_t size = 0; size <= head.size(); ++size) {
    const Result<std::size_t> found = scanner.scan(std::string_view(bytes).substr(0, size), 1'000);
    ASSERT_TRUE(found) << size;
    EXPECT_EQ(*found, size == head.size() ? head.size() : 0U) << size;
  }
  HeadScanner whole;
  const Result<std::size_t> found = whole.scan(bytes, 1'000);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, head.size());
}

TEST(HeadScanner, BoundsTheHeadWhateverComesBehind) {
  const std::string head = "GET / HTTP/1.1\r\nA: " + std::string(100, 'a') + "\r\n\r\n";
  HeadScanner fits;
  EXPECT_TRUE(fits.scan(head + "next", head.size()));
  HeadScanner too_long;
  EXPECT_FALSE(too_long.scan(head + "next", head.size() - 1));
}

TEST(Gzip, RoundTripsAnythingIncludingNothing) {
  for (const std::size_t size : {0U, 1U, 100U, 65'536U, 1'000'000U}) {
    std::string text(size, 'x');
    std::uint32_t random = 1;
    for (char& c : text) {
      random = random * 1'664'525 + 1'013'904'223;
      c = static_cast<char>('0' + (random >> 24) % 10);
    }
    const Result<std::string> plain = gunzip(gzip(text), size);
    ASSERT_TRUE(plain) << size << plain.error().message();
    EXPECT_TRUE(*plain == text) << size;
    EXPECT_GE(plain->capacity(), size + kBodyPadding);
    if (size > 0) {
      EXPECT_FALSE(gunzip(gzip(text), size - 1)) << size;
    }
  }
}

}  // namespace
}  // namespace bf::net
