#include "engine/exchange/deribit_futures.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "engine/exchange/deribit.h"
#include "engine/exchange/deribit_calendar.h"
#include "engine/exchange/percent.h"
#include "store/base/assert.h"

namespace bf::exchange {
namespace {

constexpr std::uint32_t kCreditsPerCall = 500;
constexpr std::int64_t kCreditsMax = 50'000;
constexpr DurationMs kRefillMs = 5 * kSecondMs;  // 10,000 a second
constexpr std::array<PageBand, 1> kBands = {{{5000, kCreditsPerCall}}};
constexpr std::array<PageBand, 1> kFundingBands = {{{744, kCreditsPerCall}}};
/// Less than the events of a full page take: which of more would come is not documented.
constexpr DurationMs kFundingWindowMs = 740 * kHourMs;
constexpr std::uint32_t kRowBytes = 70;
constexpr std::string_view kListEndpoint = "get_instruments";
constexpr std::string_view kExpiredPart = "expired";
/// Those whose calendar goes back to 2019.
constexpr std::array<std::string_view, 2> kCalendarCurrencies = {"BTC", "ETH"};

/// The futures of the calendar that the list of expired ones leaves out. When they were listed is not
/// known: their first candle tells.
void add_calendar(InstrumentList& list) {
  std::unordered_set<std::string> known;
  for (const InstrumentInfo& info : list.instruments) known.insert(info.symbol);
  for (const std::string_view currency : kCalendarCurrencies) {
    for (deribit::DatedFuture& future : deribit::expired_futures(currency, list.server_time)) {
      if (known.contains(future.symbol)) continue;
      InstrumentInfo info;
      info.symbol = std::move(future.symbol);
      info.status = DeribitFutures::kFromCalendar;
      info.delisted = future.expiry;
      info.base_asset = currency;
      info.quote_asset = "USD";
      info.settle_asset = currency;
      info.contract_type = "month";
      list.instruments.push_back(std::move(info));
    }
  }
}

}  // namespace

std::string_view DeribitFutures::default_base_url() const noexcept {
  return "https://www.deribit.com";
}

limits::LimitRules DeribitFutures::limit_rules() const {
  return {limits::LimitRule{"credits", limits::Unit::kWeight, limits::Shape::kTokenBucket,
                            kCreditsMax, kRefillMs, ""},
          limits::LimitRule{"get_instruments per second", limits::Unit::kRequests,
                            limits::Shape::kSlidingWindow, 1, kSecondMs, "",
                            std::string(kListEndpoint)}};
}

bool DeribitFutures::serves(Kind kind, Interval interval) const noexcept {
  if (is_event_kind(kind)) return interval == Interval::kEvents;
  return kind == Kind::kCandles && !deribit::resolution_of(interval).empty();
}

ColumnSet DeribitFutures::columns(Kind kind) const noexcept {
  if (kind == Kind::kFunding)
    return {Column::kFundingRate, Column::kFundingHours, Column::kIndexPrice};
  ColumnSet columns = kOhlcvColumns;
  columns.insert(Column::kQuoteVolume);
  return columns;
}

std::span<const PageBand> DeribitFutures::page_bands(Kind kind) const noexcept {
  if (kind == Kind::kFunding) return kFundingBands;
  return kBands;
}

std::uint32_t DeribitFutures::row_bytes_estimate() const noexcept { return kRowBytes; }

ApiRequest DeribitFutures::candles_request(const Series& series, TimeRange window) const {
  const std::string_view resolution = deribit::resolution_of(series.interval);
  BF_ASSERT(!resolution.empty());
  ApiRequest request;
  request.weight = kCreditsPerCall;
  request.target = "/api/v2/public/get_tradingview_chart_data?instrument_name=";
  append_percent_encoded(request.target, series.instrument.symbol);
  // A millisecond early: right whether the start is inclusive, as documented, or not.
  request.target.append("&start_timestamp=").append(std::to_string(window.from - 1));
  request.target.append("&end_timestamp=").append(std::to_string(window.to - 1));
  request.target.append("&resolution=").append(resolution);
  return request;
}

Result<void> DeribitFutures::parse_candles(const Series& series, std::string_view padded_body,
                                           CandleBatch& out) const {
  return deribit::parse_chart(series.interval, columns(series.kind), padded_body, out);
}

ApiRequest DeribitFutures::events_request(const Series& series, TimeRange window) const {
  return {deribit::funding_target(series.instrument.symbol, window), kCreditsPerCall, {}};
}

DurationMs DeribitFutures::events_window_max() const noexcept { return kFundingWindowMs; }

Result<void> DeribitFutures::parse_events(const Series& /*series*/, std::string_view padded_body,
                                          std::vector<CandleBatch>& runs) const {
  return deribit::parse_funding(padded_body, runs);
}

ApiRequest DeribitFutures::instruments_request(std::string_view part) const {
  ApiRequest request;
  request.weight = kCreditsPerCall;
  request.endpoint = kListEndpoint;
  request.target = "/api/v2/public/get_instruments?currency=any&kind=future&expired=";
  request.target.append(part == kExpiredPart ? "true" : "false");
  return request;
}

Result<InstrumentList> DeribitFutures::parse_instruments(std::string_view part,
                                                         std::string_view padded_body) const {
  Result<InstrumentList> list = deribit::parse_instrument_list(padded_body);
  if (!list) return list;
  if (part == kExpiredPart) {
    add_calendar(*list);
  } else {
    list->next = kExpiredPart;
  }
  return list;
}

std::optional<ApiRequest> DeribitFutures::server_time_request() const {
  return ApiRequest{"/api/v2/public/get_time", kCreditsPerCall, {}};
}
Result<TimeMs> DeribitFutures::parse_server_time(std::string_view padded_body) const {
  return deribit::parse_time_answer(padded_body);
}

std::optional<ApiFailure> DeribitFutures::failure(const ApiResponse& response, TimeMs now) const {
  return deribit::failure_of(response, now);
}

namespace deribit {

std::string_view resolution_of(Interval interval) noexcept {
  switch (interval) {
    case Interval::k1m:
      return "1";
    case Interval::k3m:
      return "3";
    case Interval::k5m:
      return "5";
    case Interval::k10m:
      return "10";
    case Interval::k15m:
      return "15";
    case Interval::k30m:
      return "30";
    case Interval::k1h:
      return "60";
    case Interval::k2h:
      return "120";
    case Interval::k3h:
      return "180";
    case Interval::k6h:
      return "360";
    case Interval::k12h:
      return "720";
    case Interval::k1d:
      return "1D";
    default:
      return {};
  }
}

}  // namespace deribit
}  // namespace bf::exchange
