#include "engine/exchange/yahoo_chart.h"

#include <array>

#include "engine/exchange/percent.h"
#include "engine/exchange/yahoo.h"
#include "store/base/assert.h"

namespace bf::exchange {
namespace {

constexpr std::array<PageBand, 1> kBands = {{{7 * 24 * 60, 1}}};  // a week of minutes
constexpr std::uint32_t kRowBytes = 90;
constexpr DurationMs kBetweenRequestsMs = 2 * kSecondMs;

}  // namespace

std::string_view YahooChart::default_base_url() const noexcept {
  return "https://query2.finance.yahoo.com";
}

std::string_view YahooChart::user_agent() const noexcept {
  return "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/131.0.0.0 Safari/537.36";
}

limits::LimitRules YahooChart::limit_rules() const {
  return {limits::LimitRule{"requests in two seconds", limits::Unit::kRequests,
                            limits::Shape::kSlidingWindow, 1, kBetweenRequestsMs, ""}};
}

bool YahooChart::serves(Kind kind, Interval interval) const noexcept {
  return kind == Kind::kCandles && !yahoo::interval_text(interval).empty();
}

ColumnSet YahooChart::columns(Kind /*kind*/) const noexcept { return kOhlcvColumns; }

std::span<const PageBand> YahooChart::page_bands(Kind /*kind*/) const noexcept { return kBands; }

std::uint32_t YahooChart::row_bytes_estimate() const noexcept { return kRowBytes; }

ApiRequest YahooChart::candles_request(const Series& series, TimeRange window) const {
  const std::string_view interval = yahoo::interval_text(series.interval);
  BF_ASSERT(!interval.empty());
  ApiRequest request;
  request.target = "/v8/finance/chart/";
  append_percent_encoded(request.target, series.instrument.symbol);
  request.target.append("?interval=").append(interval);
  request.target.append("&period1=").append(std::to_string(window.from / kSecondMs));
  request.target.append("&period2=").append(std::to_string(window.to / kSecondMs));
  request.target.append("&includePrePost=false");
  return request;
}

TimeMs YahooChart::history_from(Kind /*kind*/, Interval interval, TimeMs now) const noexcept {
  // Less than the service's own reach by a tenth of a day: a request in time must not come too late.
  constexpr DurationMs kMargin = kDayMs / 10;
  switch (interval) {
    case Interval::k1m:
      return now - 30 * kDayMs + kMargin;
    case Interval::k5m:
    case Interval::k15m:
      return now - 60 * kDayMs + kMargin;
    case Interval::k1h:
      return now - 730 * kDayMs + kMargin;
    default:
      return kTimeMin;
  }
}

Result<void> YahooChart::parse_candles(const Series& series, std::string_view padded_body,
                                       CandleBatch& out) const {
  return yahoo::parse_chart(series.interval, columns(series.kind), padded_body, out);
}

ApiRequest YahooChart::instruments_request(std::string_view /*part*/) const {
  BF_ASSERT(false && "listing() was not asked");
  return {};
}
Result<InstrumentList> YahooChart::parse_instruments(std::string_view /*part*/,
                                                     std::string_view /*padded_body*/) const {
  return fail(Code::kUsage, "yahoo/chart has no list of instruments");
}

ApiRequest YahooChart::ping_request(TimeMs now) const {
  const Series index{Instrument{"yahoo", "chart", "^GSPC"}, Kind::kCandles, Interval::k1h};
  const TimeMs to = slot_begin(Interval::k1h, now);
  return candles_request(index, {to - kDayMs, to});
}

std::optional<ApiFailure> YahooChart::failure(const ApiResponse& response, TimeMs now) const {
  return yahoo::failure_of(response, now);
}

namespace yahoo {

std::string_view interval_text(Interval interval) noexcept {
  switch (interval) {
    case Interval::k1m:
    case Interval::k5m:
    case Interval::k15m:
    case Interval::k1h:
      return interval_name(interval);
    default:
      return {};
  }
}

}  // namespace yahoo
}  // namespace bf::exchange
