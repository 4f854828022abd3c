// Goal: a client sees OKX's rules at their edges, and either reading where documents disagree. Method: a
// truth without holes, and the one row more or less that a wrong bound would show.
#include "engine/sim/okx_venue.h"

#include <gmock/gmock.h>

#include "engine/sim/generated_truth.h"
#include "tests/sim/sim_support.h"

namespace bf::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimeMs kListed = 1'704'067'200'000;  // 2024-01-01
constexpr TimeMs kDelisted = kListed + 30 * kDayMs;
constexpr TimeMs kLater = kListed + 20 * kDayMs + 30'000;
constexpr TimeMs kMinute = kLater - 30'000;  ///< the forming candle's

GeneratedTruth without_holes() {
  GeneratedOptions options;
  options.symbols = 2;
  options.markets = {Market::kOkxSwap, Market::kOkxFutures, Market::kOkxSpot};
  options.life = {kListed, kDelisted};
  options.outage_every_days = 0;
  return GeneratedTruth(options);
}

class OkxRest : public ::testing::Test {
 protected:
  RestAnswer ask(const std::string& target, TimeMs now = kLater) {
    const OkxVenue venue(truth_, options_, /*enforced=*/true);
    const std::optional<RestCall> call = venue.read(parse_query(target));
    EXPECT_TRUE(call.has_value()) << target;
    return call ? venue.answer(*call, now, {}) : RestAnswer{};
  }
  RestAnswer history(const std::string& more, const std::string& id = "S000-USDT-SWAP") {
    return ask("/api/v5/market/history-candles?instId=" + id + more);
  }
  static std::string at(const std::string& name, TimeMs time) {
    return "&" + name + "=" + std::to_string(time);
  }
  /// The open times of an answer, in its order.
  static std::vector<TimeMs> opens(const RestAnswer& answer) {
    std::vector<TimeMs> times;
    for (const std::string& row : rows(answer)) times.push_back(std::stoll(row.substr(2)));
    return times;
  }
  static std::vector<std::string> rows(const RestAnswer& answer) {
    std::vector<std::string> out;
    std::size_t begin = answer.body.find("[[");
    while (begin != std::string::npos) {
      begin = answer.body.find('[', out.empty() ? begin + 1 : begin);
      if (begin == std::string::npos) break;
      const std::size_t end = answer.body.find(']', begin);
      out.push_back(answer.body.substr(begin, end + 1 - begin));
      begin = end;
    }
    return out;
  }
  static std::vector<TimeMs> falling(TimeMs newest, std::size_t count) {
    std::vector<TimeMs> times;
    for (std::size_t i = 0; i < count; ++i) {
      times.push_back(newest - static_cast<TimeMs>(i) * kMinuteMs);
    }
    return times;
  }

  GeneratedTruth truth_ = without_holes();
  OkxOptions options_;
};

TEST_F(OkxRest, RowsComeNewestFirstBetweenTheCursorsBothExclusive) {
  const TimeMs from = kListed + kHourMs;
  const RestAnswer page =
      history(at("before", from) + at("after", from + 3 * kMinuteMs) + "&limit=300");
  EXPECT_EQ(opens(page), falling(from + 2 * kMinuteMs, 2));
  options_.ends_included = true;
  const RestAnswer wider =
      history(at("before", from) + at("after", from + 3 * kMinuteMs) + "&limit=300");
  EXPECT_EQ(opens(wider), falling(from + 3 * kMinuteMs, 4));
}

TEST_F(OkxRest, OfAWindowThatIsTooLargeTheOldestRowsAreLost) {
  const std::string window =
      at("before", kListed - 1) + at("after", kListed + 500 * kMinuteMs) + "&limit=500";
  EXPECT_EQ(opens(history(window)), falling(kListed + 499 * kMinuteMs, 300));
  options_.candle_rows_max = 100;
  EXPECT_EQ(opens(history(window)), falling(kListed + 499 * kMinuteMs, 100));
}

TEST_F(OkxRest, BeforeAloneGivesTheNewest) {
  EXPECT_EQ(opens(history(at("before", kListed) + "&limit=2")), falling(kMinute - kMinuteMs, 2));
  EXPECT_EQ(opens(history(at("after", kListed + kDayMs) + "&limit=2")),
            falling(kListed + kDayMs - kMinuteMs, 2));
  EXPECT_EQ(opens(history("")).size(), 100U) << "the default limit";
}

TEST_F(OkxRest, HistoryLagsAndTheRecentEndpointDoesNot) {
  EXPECT_EQ(opens(history("&limit=1")), falling(kMinute - kMinuteMs, 1));
  options_.history_lag_bars = 2;
  EXPECT_EQ(opens(history("&limit=1")), falling(kMinute - 2 * kMinuteMs, 1));
  options_.history_lag_bars = 0;
  EXPECT_EQ(opens(history("&limit=1")), falling(kMinute, 1));
  const std::string recent = "/api/v5/market/candles?instId=S000-USDT-SWAP&bar=1m";
  EXPECT_EQ(opens(ask(recent + "&limit=1")), falling(kMinute, 1));
  const std::string oldest = at("after", kMinute - 1'438 * kMinuteMs);
  EXPECT_EQ(opens(ask(recent + oldest)), falling(kMinute - 1'439 * kMinuteMs, 1))
      << "no more than 1440 bars";
}

TEST_F(OkxRest, TheFormingCandleIsFlagged) {
  options_.history_lag_bars = 0;
  const std::vector<std::string> seen = rows(history("&limit=2"));
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_THAT(seen[0], HasSubstr(",\"0\",\"0\",\"0\",\"0\"]"));
  EXPECT_TRUE(seen[1].ends_with(",\"1\"]")) << seen[1];
}

TEST_F(OkxRest, VolumesStandWhereTheMarketHasThem) {
  const std::string window = at("before", kListed - 1) + at("after", kListed + kMinuteMs);
  const auto check = [&](Market market, const std::string& id, bool contracts) {
    std::string truth;
    truth_.append_rows({market, id, Interval::k1m}, {{kListed, kListed + 1}, 1}, truth);
    const KlineFields fields = row_fields(truth);
    const std::vector<std::string> seen = rows(history(window, id));
    ASSERT_EQ(seen.size(), 1U);
    const std::string& volume = fields[kVolumeField];
    const std::string& quote = fields[kQuoteVolumeField];
    const std::string end = contracts
                                ? "\"" + volume + "\",\"" + quote + "\",\"1\"]"
                                : "\"" + volume + "\",\"" + quote + "\",\"" + quote + "\",\"1\"]";
    EXPECT_TRUE(seen[0].ends_with(end)) << seen[0] << " of " << truth;
  };
  check(Market::kOkxSwap, "S000-USDT-SWAP", true);
  check(Market::kOkxFutures, "S000-USDT-491231", true);
  check(Market::kOkxSpot, "S000-USDT", false);
}

TEST_F(OkxRest, MarkAndIndexAreSixFieldsAndAHundredRows) {
  for (const std::string path : {"history-mark-price-candles?instId=S000-USDT-SWAP",
                                 "history-index-candles?instId=S000-USDT"}) {
    const RestAnswer page = ask("/api/v5/market/" + path + "&limit=300");
    ASSERT_EQ(rows(page).size(), 100U) << path;
    const std::string row = rows(page).front();
    EXPECT_EQ(std::count(row.begin(), row.end(), ','), 5) << row;
  }
}

TEST_F(OkxRest, RefusalsAreCodesInTheEnvelope) {
  const RestAnswer unknown = history("", "NOSUCH-SWAP");
  EXPECT_EQ(unknown.status, 200);
  EXPECT_EQ(unknown.body, R"({"code":"51001","msg":"Instrument ID does not exist","data":[]})");
  options_.refusal_status = 400;
  EXPECT_EQ(history("", "NOSUCH-SWAP").status, 400);
  EXPECT_THAT(history("&bar=1h").body, HasSubstr("\"51000\""));
  EXPECT_THAT(history("&bar=1D").body, HasSubstr("\"51000\""));
  EXPECT_THAT(history("&before=x").body, HasSubstr("\"51000\""));
  EXPECT_THAT(history("&limit=0").body, HasSubstr("\"51000\""));
  EXPECT_THAT(ask("/api/v5/market/history-candles").body, HasSubstr("\"50014\""));
  EXPECT_THAT(ask("/api/v5/public/instruments").body, HasSubstr("\"50014\""));
  EXPECT_EQ(ask("/api/v5/market/tickers").status, 404);
  const OkxVenue venue(truth_, options_, true);
  EXPECT_FALSE(venue.read(parse_query("/api/v1/market/candles")));
}

TEST_F(OkxRest, ListsTellLifeAndSize) {
  const std::string swaps = ask("/api/v5/public/instruments?instType=SWAP").body;
  EXPECT_THAT(swaps, HasSubstr(R"("instId":"S001-USDT-SWAP","instType":"SWAP")"));
  EXPECT_THAT(swaps, HasSubstr(R"("listTime":"1704067200000")"));
  EXPECT_THAT(swaps, HasSubstr(R"("baseCcy":"","ctMult":"1")"));
  const std::string futures = ask("/api/v5/public/instruments?instType=FUTURES").body;
  EXPECT_THAT(futures, HasSubstr("\"expTime\":\"" + std::to_string(kDelisted) + "\""));
  const std::string spot = ask("/api/v5/public/instruments?instType=SPOT").body;
  EXPECT_THAT(spot, HasSubstr(R"("baseCcy":"S000")"));
  EXPECT_THAT(ask("/api/v5/public/instruments?instType=OPTION&uly=BTC-USD").body,
              HasSubstr("\"data\":[]"));
  const std::string list = "/api/v5/public/instruments?instType=SWAP";
  EXPECT_THAT(ask(list, kDelisted).body, HasSubstr("\"data\":[]"));
  options_.lists_delisted = true;
  EXPECT_THAT(ask(list, kDelisted).body, HasSubstr(R"("state":"suspend")"));
  EXPECT_EQ(ask("/api/v5/public/time").body,
            "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"ts\":\"" + std::to_string(kLater) + "\"}]}");
}

TEST_F(OkxRest, EachEndpointHasItsOwnWindow) {
  OkxVenue venue(truth_, options_, /*enforced=*/true);
  const auto admit = [&](const std::string& target, TimeMs now) {
    return venue.admit(*venue.read(parse_query(target)), now);
  };
  const std::string candles = "/api/v5/market/history-candles?instId=S000-USDT-SWAP";
  for (int i = 0; i < 20; ++i) ASSERT_FALSE(admit(candles, kLater + i).refusal) << i;
  const Admission over = admit(candles, kLater + 100);
  ASSERT_TRUE(over.refusal);
  EXPECT_EQ(over.refusal->status, 429);
  EXPECT_THAT(over.refusal->body, HasSubstr("\"code\":\"50011\""));
  EXPECT_FALSE(admit("/api/v5/market/history-candles?instId=S000-USDT", kLater + 2'101).refusal)
      << "the window slides";
  const std::string index = "/api/v5/market/history-index-candles?instId=S000-USDT";
  for (int i = 0; i < 10; ++i) ASSERT_FALSE(admit(index, kLater + 100).refusal) << i;
  EXPECT_TRUE(admit(index, kLater + 100).refusal);
  EXPECT_FALSE(admit("/api/v5/public/time", kLater + 100).refusal);
}

TEST_F(OkxRest, WhoWasToldToStayAwayIsSeen) {
  OkxVenue venue(truth_, options_, /*enforced=*/true);
  const RestCall call = *venue.read(parse_query("/api/v5/public/time"));
  venue.expect_silence(Market::kOkxSwap, kLater, kLater + 10'000);
  EXPECT_FALSE(venue.admit(call, kLater + 500).out_of_turn) << "it may have left before";
  EXPECT_TRUE(venue.admit(call, kLater + 5'000).out_of_turn);
  EXPECT_FALSE(venue.admit(call, kLater + 10'000).out_of_turn);
}

}  // namespace
}  // namespace bf::sim
