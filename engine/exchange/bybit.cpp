#include "engine/exchange/bybit.h"

#include <array>

#include "engine/exchange/bybit_envelope.h"
#include "engine/exchange/candle_rows.h"
#include "engine/exchange/percent.h"
#include "store/base/assert.h"

namespace bf::exchange {
namespace {

constexpr std::array<PageBand, 1> kBands = {{{1000, 1}}};
constexpr std::array<PageBand, 1> kFundingBands = {{{200, 1}}};
constexpr std::int64_t kRequestsPer5Seconds = 600;
constexpr std::uint32_t kRowBytes = 90;

/// Empty for intervals that Bybit does not have.
std::string_view spelled(Interval interval) noexcept {
  switch (interval) {
    case Interval::k1m:
      return "1";
    case Interval::k3m:
      return "3";
    case Interval::k5m:
      return "5";
    case Interval::k15m:
      return "15";
    case Interval::k30m:
      return "30";
    case Interval::k1h:
      return "60";
    case Interval::k2h:
      return "120";
    case Interval::k4h:
      return "240";
    case Interval::k6h:
      return "360";
    case Interval::k12h:
      return "720";
    case Interval::k1d:
      return "D";
    case Interval::k1w:
      return "W";
    case Interval::k1mo:
      return "M";
    default:
      return {};
  }
}

std::string_view path_of(Kind kind) {
  switch (kind) {
    case Kind::kCandles:
      return "/v5/market/kline";
    case Kind::kMark:
      return "/v5/market/mark-price-kline";
    case Kind::kIndex:
      return "/v5/market/index-price-kline";
    case Kind::kPremium:
      return "/v5/market/premium-index-price-kline";
    case Kind::kFunding:
      break;
  }
  BF_ASSERT(false && "serves() was not asked");
  return {};
}

using Is = RowField::Is;
constexpr RowField kOpenTime = {"start", Is::kOpenTime};
constexpr RowField kOpen = {"open", Is::kNumber, Column::kOpen};
constexpr RowField kHigh = {"high", Is::kNumber, Column::kHigh};
constexpr RowField kLow = {"low", Is::kNumber, Column::kLow};
constexpr RowField kClose = {"close", Is::kNumber, Column::kClose};
constexpr std::array<RowField, 7> kTradeFields = {kOpenTime,
                                                  kOpen,
                                                  kHigh,
                                                  kLow,
                                                  kClose,
                                                  {"volume", Is::kNumber, Column::kVolume},
                                                  {"turnover", Is::kNumber, Column::kQuoteVolume}};
/// Contracts of a dollar: their number is the quote volume.
constexpr std::array<RowField, 7> kInverseFields = {kOpenTime,
                                                    kOpen,
                                                    kHigh,
                                                    kLow,
                                                    kClose,
                                                    {"volume", Is::kNumber, Column::kQuoteVolume},
                                                    {"turnover", Is::kNumber, Column::kVolume}};
constexpr std::array<RowField, 5> kPriceFields = {kOpenTime, kOpen, kHigh, kLow, kClose};

std::span<const RowField> fields_of(Bybit::Category category, Kind kind) {
  if (kind != Kind::kCandles) return kPriceFields;
  if (category == Bybit::Category::kInverse) return kInverseFields;
  return kTradeFields;
}

/// The members of a page's `result`.
class PageReader {
 public:
  PageReader(std::string_view category, std::string_view symbol, CandleRows& rows)
      : category_(category), symbol_(symbol), rows_(rows) {}

  bool read_member(std::string_view key, json::value content) {
    if (key == "category") return is(content, category_, key);
    if (key == "symbol") return is(content, symbol_, key);
    return key != "list" || read_list(content);
  }
  [[nodiscard]] bool has_list() const noexcept { return has_list_; }

  std::string trouble;

 private:
  /// An answer to somebody else's question is none to ours.
  bool is(json::value content, std::string_view wanted, std::string_view key) {
    std::string text;
    if (json::read_text(content, text) && text == wanted) return true;
    trouble.append(key).append(" is not the one asked for");
    return false;
  }
  bool read_list(json::value content) {
    simdjson::ondemand::array list;
    if (has_list_ || content.get_array().get(list) != simdjson::SUCCESS) {
      trouble = has_list_ ? "list is there twice" : "list is no array";
      return false;
    }
    has_list_ = true;
    const Result<void> read = rows_.read_arrays(list);
    if (!read) trouble = read.error().message();
    return read.has_value();
  }

  std::string_view category_;
  std::string_view symbol_;
  CandleRows& rows_;
  bool has_list_ = false;
};

}  // namespace

std::string_view Bybit::market() const noexcept {
  switch (category_) {
    case Category::kLinear:
      return "linear";
    case Category::kInverse:
      return "inverse";
    case Category::kSpot:
      break;
  }
  return "spot";
}

std::string_view Bybit::default_base_url() const noexcept { return "https://api.bybit.com"; }

limits::LimitRules Bybit::limit_rules() const {
  return {limits::LimitRule{"requests per 5 seconds", limits::Unit::kRequests,
                            limits::Shape::kSlidingWindow, kRequestsPer5Seconds, 5 * kSecondMs,
                            ""}};
}

bool Bybit::serves(Kind kind, Interval interval) const noexcept {
  if (is_event_kind(kind)) {
    return category_ != Category::kSpot && interval == Interval::kEvents;
  }
  if (spelled(interval).empty()) return false;
  switch (kind) {
    case Kind::kCandles:
      return true;
    case Kind::kMark:
    case Kind::kIndex:
      return category_ != Category::kSpot;
    case Kind::kPremium:
      return category_ == Category::kLinear;
    case Kind::kFunding:
      break;
  }
  return false;
}

ColumnSet Bybit::columns(Kind kind) const noexcept {
  if (kind == Kind::kFunding) return {Column::kFundingRate};
  ColumnSet columns = {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose};
  if (kind != Kind::kCandles) return columns;
  columns.insert(Column::kVolume);
  columns.insert(Column::kQuoteVolume);
  return columns;
}

std::span<const PageBand> Bybit::page_bands(Kind kind) const noexcept {
  if (kind == Kind::kFunding) return kFundingBands;
  return kBands;
}

std::uint32_t Bybit::row_bytes_estimate() const noexcept { return kRowBytes; }

ApiRequest Bybit::candles_request(const Series& series, TimeRange window) const {
  const std::string_view interval = spelled(series.interval);
  BF_ASSERT(!interval.empty());
  ApiRequest request;
  request.target.append(path_of(series.kind)).append("?category=").append(market());
  request.target.append("&symbol=");
  append_percent_encoded(request.target, series.instrument.symbol);
  request.target.append("&interval=").append(interval);
  request.target.append("&start=").append(std::to_string(window.from));
  request.target.append("&end=").append(std::to_string(window.to - 1));
  request.target.append("&limit=").append(std::to_string(slot_count(series.interval, window)));
  return request;
}

Result<void> Bybit::parse_candles(const Series& series, std::string_view padded_body,
                                  CandleBatch& out) const {
  CandleRows rows(series.interval, columns(series.kind), fields_of(category_, series.kind), out);
  rows.reserve(padded_body.size());
  PageReader page(market(), series.instrument.symbol, rows);
  const auto read_member = [&page](std::string_view key, json::value content) {
    return page.read_member(key, content);
  };
  const Result<TimeMs> read =
      bybit::read_envelope("candles", padded_body, page.trouble, read_member);
  if (read && page.has_list()) return {};
  out.clear();  // a row may have been read by half
  if (!read) return fail(read.error());
  return fail(Code::kProtocol, "candles: no list in \"" + printable(padded_body, 80) + "\"");
}

std::optional<ApiRequest> Bybit::server_time_request() const {
  return ApiRequest{"/v5/market/time", 1, {}};
}

Result<TimeMs> Bybit::parse_server_time(std::string_view padded_body) const {
  std::string trouble;
  const auto pass_over = [](std::string_view /*key*/, json::value /*content*/) { return true; };
  Result<TimeMs> time = bybit::read_envelope("server time", padded_body, trouble, pass_over);
  if (time && *time == 0) {
    return fail(Code::kProtocol, "not a server time: \"" + printable(padded_body) + "\"");
  }
  return time;
}

}  // namespace bf::exchange
