// Goal: no password of a value is shown, wherever it ends. Method: values as users write them, and broken ones.
#include "tools/cli/mask.h"

#include <gtest/gtest.h>

namespace bf::cli {
namespace {

TEST(Mask, LeavesWhatHasNoUserAsItIs) {
  for (const char* const value : {"", "./bf-store", "50%", "http://127.0.0.1:8080", "BTC/USDT:USDT",
                                  "binance=socks5h://127.0.0.1:1080,binance/spot=direct"}) {
    EXPECT_EQ(mask_secrets(value), value);
  }
}

TEST(Mask, HidesUserAndPasswordOfEachUrl) {
  EXPECT_EQ(mask_secrets("http://u:hunter2@proxy.example:3128"), "http://***@proxy.example:3128");
  EXPECT_EQ(
      mask_secrets("all=http://hunter2@h:1,binance/um=socks5h://u:hunter2@[::1]:2,okx=direct"),
      "all=http://***@h:1,binance/um=socks5h://***@[::1]:2,okx=direct");
}

TEST(Mask, HidesEverythingWhereAPasswordCannotBeTold) {
  for (const char* const value :
       {"http://u:hunter2,x@h:1", "http://u:1,hunter2@h:1", "u:hunter2@h", "http://u:hunter2@h:1:x",
        "http://u@hunter2,y=http://h", "http://u:hunter2 @", "hunter2://u@h,hunter2 x",
        "http://a@b,hunter2!", "http://u:p@hunter2:x,http://v@h"}) {
    EXPECT_EQ(mask_secrets(value).find("hunter2!"), std::string::npos) << value;
    EXPECT_TRUE(mask_secrets(value) == "***" ||
                mask_secrets(value).find("u:hunter2") == std::string::npos)
        << value;
  }
  EXPECT_EQ(mask_secrets("http://u:hunter2,x@h:1"), "***");
  EXPECT_EQ(mask_secrets("u:hunter2@h"), "***");
  EXPECT_EQ(mask_secrets("http://u:1,hunter2@h:1"), "***");
}

}  // namespace
}  // namespace bf::cli
