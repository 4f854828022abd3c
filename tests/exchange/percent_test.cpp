#include "engine/exchange/percent.h"

#include <gtest/gtest.h>

namespace bf::exchange {
namespace {

std::string percent_encode(std::string_view text) {
  std::string out;
  append_percent_encoded(out, text);
  return out;
}

TEST(PercentEncode, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encode("BTC-USDT_1.0~"), "BTC-USDT_1.0~");
  EXPECT_EQ(percent_encode("a b&c=d?e#f/g%h+\r\n"), "a%20b%26c%3Dd%3Fe%23f%2Fg%25h%2B%0D%0A");
  EXPECT_EQ(percent_encode(std::string("\0\xff", 2)), "%00%FF");
  EXPECT_EQ(percent_encode(""), "");
}

}  // namespace
}  // namespace bf::exchange
