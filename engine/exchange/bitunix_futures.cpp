#include "engine/exchange/bitunix_futures.h"

#include <array>
#include <unordered_set>

#include "engine/exchange/candle_rows.h"
#include "engine/exchange/canonical.h"
#include "engine/exchange/code_envelope.h"
#include "engine/exchange/percent.h"
#include "engine/exchange/volume_names.h"
#include "store/base/assert.h"

namespace bf::exchange {
namespace {

constexpr std::int64_t kLimitMax = 200;
/// What the unclear ends of a window may bring beside its own rows: with room for them in the limit,
/// none of its own is pushed out.
constexpr std::int64_t kRowsBeside = 2;
constexpr std::array<PageBand, 1> kBands = {{{kLimitMax - kRowsBeside, 1}}};
constexpr std::int64_t kRequestsPerSecond = 10;
constexpr std::uint32_t kRowBytes = 150;
/// "Too many requests" does not say for how long.
constexpr DurationMs kLimitedMs = 10 * kSecondMs;

/// Empty for intervals that Bitunix does not document, or that may not open on the UTC grid (3d).
std::string_view spelled(Interval interval) noexcept {
  switch (interval) {
    case Interval::k1m:
    case Interval::k5m:
    case Interval::k15m:
    case Interval::k30m:
    case Interval::k1h:
    case Interval::k2h:
    case Interval::k4h:
    case Interval::k6h:
    case Interval::k8h:
    case Interval::k12h:
    case Interval::k1d:
    case Interval::k1w:
      return interval_name(interval);
    case Interval::k1mo:
      return "1M";
    default:
      return {};
  }
}

using Is = RowField::Is;
constexpr std::array<RowField, 7> kFields = {{
    {"time", Is::kOpenTime},
    {"open", Is::kNumber, Column::kOpen},
    {"high", Is::kNumber, Column::kHigh},
    {"low", Is::kNumber, Column::kLow},
    {"close", Is::kNumber, Column::kClose},
    {"baseVol", Is::kNumber, Column::kVolume},
    {"quoteVol", Is::kNumber, Column::kQuoteVolume},
}};

constexpr std::array kCodeMeanings = {
    CodeMeaning{10001, Code::kUnavailable},  // network error
    CodeMeaning{10005, Code::kLimited},      // too many requests
    CodeMeaning{10006, Code::kLimited},      // request too frequently
    CodeMeaning{20001, Code::kUnknownName},  // the market does not exist
};

/// 10^-digits; false for what no price or quantity is rounded to.
bool read_precision(json::value from, std::string& out) {
  constexpr std::int64_t kDigitsMax = 30;
  std::int64_t digits = 0;
  if (!json::read_digits(from, digits) || digits > kDigitsMax) return false;
  out = "1";
  if (digits > 0) out = "0." + std::string(static_cast<std::size_t>(digits - 1), '0') + "1";
  return true;
}

class PairsReader {
 public:
  /// One of the trading pairs.
  bool add(json::object members) {
    InstrumentInfo info;
    std::string last_key;
    const bool read = json::for_each_member(members, [&](std::string_view key, json::value value) {
      last_key = key;
      if (key == "symbol") return json::read_text(value, info.symbol);
      if (key == "base") return json::read_text(value, info.base_asset);
      if (key == "quote") return json::read_text(value, info.quote_asset);
      if (key == "symbolStatus") return json::read_text(value, info.status);
      if (key == "basePrecision") return read_precision(value, info.quantity_step);
      if (key == "quotePrecision") return read_precision(value, info.price_tick);
      return true;
    });
    ++pairs_;
    const std::string name = "trading pair " + std::to_string(pairs_) +
                             (info.symbol.empty() ? "" : " (" + printable(info.symbol, 64) + ")");
    if (!read) {
      return failed(name + ": member \"" + printable(last_key, 64) + "\" cannot be read");
    }
    const Result<void> valid = validate(Instrument{"bitunix", "futures", info.symbol});
    if (!valid) return failed(name + ": " + valid.error().message());
    if (info.base_asset.empty() || info.quote_asset.empty() || info.status.empty()) {
      return failed(name + ": status, base or quote is missing");
    }
    if (!names_.insert(info.symbol).second) return failed(name + " is listed twice");
    if (info.status == "PREVIEW") return true;
    info.trading = info.status == "OPEN";
    info.settle_asset = info.quote_asset;
    info.contract_type = "PERPETUAL";
    info.multiplier = split_multiplier(info.base_asset).multiplier;
    list.instruments.push_back(std::move(info));
    return true;
  }

  InstrumentList list;
  std::string trouble;

 private:
  bool failed(std::string what) {
    trouble = std::move(what);
    return false;
  }
  std::size_t pairs_ = 0;
  std::unordered_set<std::string> names_;
};

}  // namespace

std::string_view BitunixFutures::default_base_url() const noexcept {
  return "https://fapi.bitunix.com";
}

std::string_view BitunixFutures::user_agent() const noexcept {
  return "Mozilla/5.0 (compatible; bf)";
}

limits::LimitRules BitunixFutures::limit_rules() const {
  return {limits::LimitRule{"requests per second", limits::Unit::kRequests,
                            limits::Shape::kSlidingWindow, kRequestsPerSecond, kSecondMs, ""}};
}

bool BitunixFutures::serves(Kind kind, Interval interval) const noexcept {
  return (kind == Kind::kCandles || kind == Kind::kMark) && !spelled(interval).empty();
}

ColumnSet BitunixFutures::columns(Kind kind) const noexcept {
  ColumnSet columns = {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose};
  if (kind != Kind::kCandles) return columns;
  columns.insert(Column::kVolume);
  columns.insert(Column::kQuoteVolume);
  return columns;
}

std::span<const PageBand> BitunixFutures::page_bands(Kind /*kind*/) const noexcept {
  return kBands;
}

std::uint32_t BitunixFutures::row_bytes_estimate() const noexcept { return kRowBytes; }

ApiRequest BitunixFutures::candles_request(const Series& series, TimeRange window) const {
  const std::string_view interval = spelled(series.interval);
  BF_ASSERT(!interval.empty());
  const std::int64_t limit = slot_count(series.interval, window) + kRowsBeside;
  ApiRequest request;
  request.target = "/api/v1/futures/market/kline?symbol=";
  append_percent_encoded(request.target, series.instrument.symbol);
  request.target.append("&interval=").append(interval);
  // Whether the start is inclusive, exclusive or rounded down, and whether the end is exclusive or not:
  // all rows of the window lie between these two.
  request.target.append("&startTime=").append(std::to_string(window.from - 1));
  request.target.append("&endTime=").append(std::to_string(window.to));
  request.target.append("&limit=").append(std::to_string(limit));
  request.target.append(series.kind == Kind::kMark ? "&type=MARK_PRICE" : "&type=LAST_PRICE");
  return request;
}

Result<void> BitunixFutures::parse_candles(const Series& series, std::string_view padded_body,
                                           CandleBatch& out) const {
  CandleRows rows(series.interval, columns(series.kind), kFields, out);
  rows.reserve(padded_body.size());
  std::string trouble;
  const Result<void> read = envelope::read_envelope(padded_body, trouble, [&](json::value data) {
    simdjson::ondemand::array list;
    const bool is_list = data.get_array().get(list) == simdjson::SUCCESS;
    const Result<void> listed =
        is_list ? rows.read_objects(list) : fail(Code::kProtocol, "data is no list");
    if (!listed) trouble = listed.error().message();
    return listed.has_value();
  });
  if (!read) {
    out.clear();  // a row may have been read by half
    return read;
  }
  if (series.kind != Kind::kCandles) return {};
  const VolumeNames names = judge_volume_names(out);
  const bool swapped = names == VolumeNames::kSwapped ||
                       (names == VolumeNames::kUnclear && otherwise_ == Volumes::kSwapped);
  if (swapped) swap_volumes(out);
  return {};
}

ApiRequest BitunixFutures::instruments_request(std::string_view /*part*/) const {
  return {"/api/v1/futures/market/trading_pairs", 1, {}};
}

Result<InstrumentList> BitunixFutures::parse_instruments(std::string_view /*part*/,
                                                         std::string_view padded_body) const {
  PairsReader reader;
  const Result<void> read =
      envelope::read_envelope(padded_body, reader.trouble, [&reader](json::value data) {
        return json::for_each_object(data,
                                     [&reader](json::object pair) { return reader.add(pair); });
      });
  if (!read) return fail(read.error().at("trading_pairs"));
  return std::move(reader.list);
}

ApiRequest BitunixFutures::ping_request(TimeMs /*now*/) const {
  return {"/api/v1/futures/market/trading_pairs?symbols=BTCUSDT", 1, {}};
}

std::optional<ApiFailure> BitunixFutures::failure(const ApiResponse& response, TimeMs now) const {
  envelope::FailureRules rules;
  rules.source = "bitunix/futures";
  rules.codes = kCodeMeanings;
  rules.limited_ms = kLimitedMs;
  return envelope::failure_of(response, now, rules);
}

}  // namespace bf::exchange
