// Goal: each error answer means what reliability asks of it, and nothing but an answer passes for one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr TimeMs kNow = 1'700'000'000'000;  // 2023-11-14T22:13:20Z
using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

std::optional<ApiFailure> failure(std::string_view market, int status, std::string_view body,
                                  Headers headers = {}) {
  const Padded padded(body);
  return market_of(market).failure(ApiResponse{status, padded.view(), std::move(headers)}, kNow);
}

TEST(Failures, AGoodAnswerIsNone) {
  EXPECT_FALSE(failure("um", 200, "[]"));
  EXPECT_FALSE(failure("um", 200, "[[1634943780000]]"));
  EXPECT_FALSE(failure("um", 200, R"({"serverTime":1499827319559})"));
  EXPECT_FALSE(failure("spot", 200, R"(  {"symbols":[]})"));
}

TEST(Failures, StatusAndCodeTellWhatToDo) {
  struct Case {
    int status;
    std::string_view body;
    Code code;
  };
  const Case cases[] = {
      {429, R"({"code":-1003,"msg":"Too many requests."})", Code::kLimited},
      {429, "slow down", Code::kLimited},
      {429, "", Code::kLimited},
      {418, R"({"code":-1003,"msg":"Way too much request weight used"})", Code::kBanned},
      {418, "", Code::kBanned},
      {403, "<html>403 Forbidden</html>", Code::kBlocked},
      {403, R"({"code":-1003,"msg":"x"})", Code::kBlocked},
      {451, R"({"code":0,"msg":"Service unavailable from a restricted location"})", Code::kBlocked},
      {500, "", Code::kUnavailable},
      {502, "<html>Bad Gateway</html>", Code::kUnavailable},
      {503, R"({"code":-1008,"msg":"overloaded"})", Code::kUnavailable},
      {503, R"({"code":-1102,"msg":"?"})", Code::kUnavailable},
      {504, R"({"code":-1007,"msg":"Timeout"})", Code::kUnavailable},
      {408, "", Code::kUnavailable},
      {400, R"({"code":-1000,"msg":"unknown"})", Code::kUnavailable},
      {400, R"({"code":-1001,"msg":"disconnected"})", Code::kUnavailable},
      {400, R"({"code":-1003,"msg":"Too many requests"})", Code::kLimited},
      {400, R"({"code":-1006,"msg":"unexpected"})", Code::kUnavailable},
      {400, R"({"code":-1010,"msg":"error"})", Code::kUnavailable},
      {400, R"({"code":-1015,"msg":"too many orders"})", Code::kLimited},
      {400, R"({"code":-1016,"msg":"gone"})", Code::kRejected},
      {400, R"({"code":-1100,"msg":"illegal characters"})", Code::kRejected},
      {400, R"({"code":-1120,"msg":"Invalid interval."})", Code::kRejected},
      {400, R"({"code":-1121,"msg":"Invalid symbol."})", Code::kUnknownName},
      {400, R"({"code":-1122,"msg":"Invalid symbol status."})", Code::kRejected},
      {400, R"({"code":-4141,"msg":"Symbol is closed."})", Code::kRejected},
      {400, R"({"code":-4144,"msg":"Invalid pair."})", Code::kUnknownName},
      {400, R"({"code":-9999,"msg":"new"})", Code::kRejected},
      {400, "<html>", Code::kRejected},
      {401, "", Code::kRejected},
      {404, "<html>no such page</html>", Code::kRejected},
      {200, R"({"code":-1003,"msg":"Too many requests."})", Code::kLimited},
      {200, R"({"code":-1121,"msg":"Invalid symbol."})", Code::kUnknownName},
      {200, R"({"msg":"Invalid symbol.","code":-1121})", Code::kUnknownName},
      {200, R"({"code":200,"msg":"?"})", Code::kUnavailable},
      {200, "<html>log in to the hotel's network</html>", Code::kUnavailable},
      {200, "", Code::kUnavailable},
      {200, " \n", Code::kUnavailable},
      {204, "", Code::kUnavailable},
      {304, "", Code::kUnavailable},
      {302, "moved", Code::kProtocol},
      {100, "x", Code::kProtocol},
  };
  for (const Case& test : cases) {
    const std::optional<ApiFailure> seen = failure("um", test.status, test.body);
    ASSERT_TRUE(seen) << test.status << " " << test.body;
    EXPECT_EQ(seen->error.code(), test.code)
        << test.status << " " << test.body << " became " << code_name(seen->error.code());
    EXPECT_THAT(seen->error.message(),
                HasSubstr("binance/um answered HTTP " + std::to_string(test.status)));
  }
}

TEST(Failures, ABusyServerIsMinus1004OnSpotAlone) {
  constexpr std::string_view kBody = R"({"code":-1004,"msg":"Server is busy, please wait"})";
  EXPECT_EQ(failure("spot", 400, kBody)->error.code(), Code::kUnavailable);
  EXPECT_EQ(failure("um", 400, kBody)->error.code(), Code::kRejected);
}

TEST(Failures, RetryAfterIsSecondsOrADate) {
  struct Case {
    std::string_view text;
    DurationMs wait;
  };
  const Case cases[] = {
      {"7", 7'000},
      {"0", 0},
      {"-5", 0},
      {"soon", 0},
      {"", 0},
      {"1.5", 0},
      {"31536000", 31'536'000'000},
      {"99999999999999999999999", 366LL * 24 * 3'600'000},
      {"Tue, 14 Nov 2023 22:14:20 GMT", 60'000},
      {"Tue, 14 Nov 2023 22:00:00 GMT", 0},
  };
  for (const Case& test : cases) {
    const std::optional<ApiFailure> seen = failure("um", 429, "", {{"retry-after", test.text}});
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->retry_after_ms, test.wait) << test.text;
    EXPECT_EQ(seen->error.retry_at_ms(), test.wait == 0 ? 0 : kNow + test.wait) << test.text;
  }
}

TEST(Failures, ADateInRetryAfterIsHeldAgainstTheServersOwnClock) {
  const std::optional<ApiFailure> seen =
      failure("um", 429, "",
              {{"date", "Tue, 14 Nov 2023 23:00:00 GMT"},
               {"retry-after", "Tue, 14 Nov 2023 23:00:09 GMT"}});
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->retry_after_ms, 9'000);
}

TEST(Failures, ABanThatNamesItsEndIsOneAtAnyStatus) {
  constexpr std::string_view kBody =
      R"({"code":-1003,"msg":"Way too many requests; IP banned until 1700000090423. Use streams."})";
  for (const int status : {418, 429, 400, 200}) {
    const std::optional<ApiFailure> seen = failure("um", status, kBody, {{"retry-after", "30"}});
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->error.code(), Code::kBanned) << status;
    EXPECT_EQ(seen->retry_after_ms, 90'423) << status;
    EXPECT_EQ(seen->error.retry_at_ms(), 1'700'000'090'423) << status;
  }
}

TEST(Failures, ABanThatNamesNonsenseIsNoDeadline) {
  for (const std::string_view end : {"99999999999999999999", "12", "-5", "tomorrow", ""}) {
    const std::string body = R"({"code":-1003,"msg":"IP banned until )" + std::string(end) + "\"}";
    const std::optional<ApiFailure> seen = failure("um", 429, body);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->error.code(), Code::kLimited) << end;
    EXPECT_EQ(seen->retry_after_ms, 0) << end;
  }
}

TEST(Failures, ARefusedCountryIsToldWhereElseToGo) {
  EXPECT_THAT(failure("spot", 451, "")->error.message(), HasSubstr("data-api.binance.vision"));
  EXPECT_THAT(failure("um", 451, "")->error.message(), HasSubstr("--source archive"));
}

TEST(Failures, WhatTheServerSaidIsMadeSafeForATerminal) {
  const std::optional<ApiFailure> page =
      failure("um", 502, "<html>\x1b[2J\r\n" + std::string(5'000, 'x'));
  ASSERT_TRUE(page);
  EXPECT_THAT(page->error.message(), Not(HasSubstr("\x1b")));
  EXPECT_LT(page->error.message().size(), 600U);
  const std::optional<ApiFailure> code = failure("um", 400, R"({"code":-1121,"msg":"\u001b[2J"})");
  ASSERT_TRUE(code);
  EXPECT_THAT(code->error.message(), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace bf::exchange
