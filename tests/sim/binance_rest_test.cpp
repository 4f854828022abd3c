// Goal: a client sees the documented rules of klines and exchangeInfo, at their edges.
// Method: a truth without holes, and the one row more or less that a wrong bound would show.
#include "engine/sim/binance_rest.h"

#include <gmock/gmock.h>

#include "engine/sim/generated_truth.h"
#include "tests/sim/sim_support.h"

namespace bf::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimeMs kListed = 1'704'067'200'000;  // 2024-01-01
constexpr TimeMs kDelisted = kListed + 30 * kDayMs;
constexpr TimeMs kLater = kDelisted + kDayMs;

GeneratedTruth without_holes() {
  GeneratedOptions options;
  options.symbols = 2;
  options.life = {kListed, kDelisted};
  options.outage_every_days = 0;
  return GeneratedTruth(options);
}

class Klines : public ::testing::Test {
 protected:
  RestAnswer ask(const std::string& target, TimeMs now = kLater) {
    const std::optional<RestCall> call = BinanceRest::read(parse_query(target));
    EXPECT_TRUE(call.has_value()) << target;
    return call ? rest_.answer(*call, now, {}) : RestAnswer{};
  }
  RestAnswer um(const std::string& more, TimeMs now = kLater) {
    return ask("/fapi/v1/klines?symbol=S000USDT&interval=1m" + more, now);
  }
  RestAnswer spot(const std::string& more, TimeMs now = kLater) {
    return ask("/api/v3/klines?symbol=S000USDT&interval=1m" + more, now);
  }
  static std::string at(const std::string& name, TimeMs time) {
    return "&" + name + "=" + std::to_string(time);
  }
  void expect_refused(const RestAnswer& answer, int code) {
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("{\"code\":" + std::to_string(code) + ",\"msg\":\""));
  }

  GeneratedTruth truth_ = without_holes();
  BinanceRest rest_{truth_, PublishedLimits{}};
};

TEST_F(Klines, WithoutTimesAreTheNewest) {
  EXPECT_EQ(open_times(um("&limit=3").body), times(kDelisted - 3 * kMinuteMs, 3));
}

TEST_F(Klines, WithAStartAloneAreTheOldestFromThere) {
  EXPECT_EQ(open_times(um(at("startTime", kListed + 1) + "&limit=2").body),
            times(kListed + kMinuteMs, 2));
}

TEST_F(Klines, WithAStartBeforeTheListingBeginAtTheListing) {
  EXPECT_EQ(open_times(um("&startTime=0&limit=1").body), times(kListed, 1));
}

TEST_F(Klines, WithAnEndAloneAreTheNewestUpToThere) {
  const TimeMs end = kListed + 100 * kMinuteMs;
  EXPECT_EQ(open_times(um(at("endTime", end) + "&limit=3").body), times(end - 2 * kMinuteMs, 3));
  EXPECT_EQ(open_times(um(at("endTime", end - 1) + "&limit=3").body),
            times(end - 3 * kMinuteMs, 3));
}

TEST_F(Klines, IncludeBothEndsByOpenTime) {
  const TimeMs start = kListed + kHourMs;
  const TimeMs end = start + 10 * kMinuteMs;
  EXPECT_EQ(open_times(um(at("startTime", start) + at("endTime", end)).body), times(start, 11));
  EXPECT_EQ(open_times(um(at("startTime", start) + at("endTime", start)).body), times(start, 1));
}

TEST_F(Klines, WithBothTimesAndALimitAreTheOldest) {
  const std::string both = at("startTime", kListed) + at("endTime", kListed + kDayMs);
  EXPECT_EQ(open_times(um(both + "&limit=4").body), times(kListed, 4));
}

TEST_F(Klines, OfAdjacentPagesHaveNeitherHoleNorDouble) {
  std::vector<TimeMs> all;
  for (TimeMs from = kListed; from < kListed + 3 * 499 * kMinuteMs; from += 499 * kMinuteMs) {
    const std::string page = at("startTime", from) + at("endTime", from + 498 * kMinuteMs);
    for (const TimeMs open : open_times(um(page + "&limit=499").body)) all.push_back(open);
  }
  EXPECT_EQ(all, times(kListed, 3 * 499));
}

TEST_F(Klines, AreFiveHundredUnlessToldOtherwiseAndCutToTheMaximum) {
  EXPECT_EQ(um("&startTime=0").rows.rows, 500U);
  EXPECT_EQ(spot("&startTime=0").rows.rows, 500U);
  EXPECT_EQ(um("&startTime=0&limit=5000").rows.rows, 1'500U);
  EXPECT_EQ(spot("&startTime=0&limit=5000").rows.rows, 1'000U);
}

TEST_F(Klines, BehindTheDelistingAreAnEmptyArray) {
  const RestAnswer answer = um(at("startTime", kDelisted));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "[]");
}

TEST_F(Klines, EndWithTheFormingCandleUnfinished) {
  const TimeMs open = kListed + kHourMs;
  const RestAnswer before = um("&limit=2", open + 30'000);
  EXPECT_EQ(open_times(before.body), times(open - kMinuteMs, 2));
  const RestAnswer after = um(at("endTime", open) + "&limit=2", open + kMinuteMs);
  EXPECT_EQ(open_times(after.body), open_times(before.body));
  EXPECT_NE(before.body, after.body) << "the candle was served as final before it had closed";
  const std::string rows = rows_of(before.body);
  const KlineFields forming = row_fields(split_rows(rows).back());
  EXPECT_EQ(forming[kCloseField], forming[kOpenField]);
  EXPECT_EQ(um("&limit=1", open - 1).rows.last_open, open - kMinuteMs);
  EXPECT_EQ(um("&limit=1", open).rows.last_open, open) << "a candle exists once it has opened";
}

TEST_F(Klines, OfSpotTakeMicrosecondsAndGiveMilliseconds) {
  const std::string start = at("startTime", (kListed + kHourMs) * 1'000);
  EXPECT_EQ(open_times(spot(start + "&limit=2").body), times(kListed + kHourMs, 2));
}

TEST_F(Klines, OfLongerIntervalsAreMadeOfTheMinutes) {
  const RestAnswer hours =
      ask("/fapi/v1/klines?symbol=S000USDT&interval=1h&limit=2" + at("startTime", kListed));
  EXPECT_EQ(open_times(hours.body), times(kListed, 2, kHourMs));
  const std::string minute_rows = rows_of(um("&limit=60" + at("startTime", kListed)).body);
  const std::string hour_rows = rows_of(hours.body);
  const auto minutes = split_rows(minute_rows);
  const KlineFields hour = row_fields(split_rows(hour_rows).front());
  EXPECT_EQ(hour[kOpenField], row_fields(minutes.front())[kOpenField]);
  EXPECT_EQ(hour[kCloseField], row_fields(minutes.back())[kCloseField]);
  EXPECT_EQ(hour[kCloseTimeField], std::to_string(kListed + kHourMs - 1));
  std::int64_t trades = 0;
  for (const auto row : minutes) trades += std::stoll(row_fields(row)[kTradesField]);
  EXPECT_EQ(hour[kTradesField], std::to_string(trades));
}

TEST_F(Klines, AreRefusedWithTheDocumentedCodes) {
  expect_refused(um(at("startTime", 2) + at("endTime", 1)), -1023);
  expect_refused(um("&limit=x"), -1100);
  expect_refused(um("&startTime=-5"), -1100);
  expect_refused(um("&endTime=1e12"), -1100);
  expect_refused(um("&limit=0"), -1130);
  expect_refused(ask("/fapi/v1/klines?interval=1m"), -1102);
  expect_refused(ask("/fapi/v1/klines?symbol=S000USDT"), -1102);
  expect_refused(ask("/fapi/v1/klines?symbol=S000USDT&interval=1mo"), -1120);
  expect_refused(ask("/fapi/v1/klines?symbol=S000USDT&interval=1s"), -1120);
  expect_refused(ask("/fapi/v1/klines?symbol=S000USDT&interval=7m"), -1120);
  expect_refused(ask("/fapi/v1/klines?symbol=NOSUCH&interval=1m"), -1121);
  expect_refused(ask("/fapi/v1/klines?symbol=s000usdt&interval=1m"), -1121);
  expect_refused(um("", kListed - 1), -1121);
}

TEST_F(Klines, WeighWhatTheirLimitSays) {
  const auto weight = [](const std::string& target) {
    return BinanceRest::read(parse_query(target))->weight;
  };
  const std::string um_target = "/fapi/v1/klines?symbol=A&interval=1m&limit=";
  EXPECT_EQ(weight(um_target + "1"), 1);
  EXPECT_EQ(weight(um_target + "99"), 1);
  EXPECT_EQ(weight(um_target + "100"), 2);
  EXPECT_EQ(weight(um_target + "499"), 2);
  EXPECT_EQ(weight(um_target + "500"), 5);
  EXPECT_EQ(weight(um_target + "1000"), 5);
  EXPECT_EQ(weight(um_target + "1001"), 10);
  EXPECT_EQ(weight(um_target + "99999"), 10);
  EXPECT_EQ(weight("/fapi/v1/klines?symbol=A&interval=1m"), 5);
  EXPECT_EQ(weight("/api/v3/klines?symbol=A&interval=1m&limit=1000"), 2);
  EXPECT_EQ(weight("/api/v3/exchangeInfo"), 20);
  EXPECT_EQ(weight("/fapi/v1/exchangeInfo"), 1);
}

TEST_F(Klines, NamePercentEncodedSymbols) {
  EXPECT_EQ(ask("/fapi/v1/klines?symbol=S%3000USDT&interval=1m&limit=1").rows.rows, 1U);
  expect_refused(ask("/fapi/v1/klines?symbol=%zz%&interval=1m"), -1121);
}

TEST_F(Klines, PathsOfOthersAreNotOurs) {
  EXPECT_FALSE(BinanceRest::read(parse_query("/archive/data/spot")).has_value());
  EXPECT_EQ(ask("/fapi/v1/order").status, 404);
}

TEST_F(Klines, ExchangeInfoTellsLifeAndLimits) {
  const std::string alive = ask("/fapi/v1/exchangeInfo", kListed + kDayMs).body;
  EXPECT_THAT(alive, HasSubstr(R"("symbol":"S001USDT")"));
  EXPECT_THAT(alive, HasSubstr(R"("onboardDate":1704067200000)"));
  EXPECT_THAT(alive, HasSubstr(R"("deliveryDate":4133404800000)"));
  EXPECT_THAT(alive, HasSubstr(R"("status":"TRADING")"));
  EXPECT_THAT(alive, HasSubstr(R"("rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE",)"
                               R"("intervalNum":1,"limit":2400)"));
  const std::string over = ask("/fapi/v1/exchangeInfo").body;
  EXPECT_THAT(over, HasSubstr("\"deliveryDate\":" + std::to_string(kDelisted)));
  EXPECT_THAT(over, HasSubstr(R"("status":"SETTLING")"));
  const std::string spot_over = ask("/api/v3/exchangeInfo").body;
  EXPECT_THAT(spot_over, HasSubstr(R"("status":"BREAK")"));
  EXPECT_THAT(spot_over, Not(HasSubstr("onboardDate")));
  EXPECT_THAT(ask("/api/v3/exchangeInfo", kListed - 1).body, HasSubstr(R"("symbols":[])"));
}

}  // namespace
}  // namespace bf::sim
