#include "engine/sim/binance_info.h"

#include "engine/sim/json_text.h"

namespace bf::sim {
namespace {

/// What Binance gives as the delivery of a perpetual: 2100-12-25.
constexpr TimeMs kNoDelivery = 4'133'404'800'000;

std::string rate_limit(std::string_view type, std::string_view interval, int count,
                       std::int64_t limit) {
  std::string json;
  JsonObject(json)
      .text("rateLimitType", type)
      .text("interval", interval)
      .number("intervalNum", count)
      .number("limit", limit)
      .end();
  return json;
}

std::string rate_limits(Market market, const PublishedLimits& limits) {
  if (market == Market::kUm) {
    return array({rate_limit("REQUEST_WEIGHT", "MINUTE", 1, limits.um_weight_per_minute),
                  rate_limit("ORDERS", "MINUTE", 1, 1'200),
                  rate_limit("ORDERS", "SECOND", 10, 300)});
  }
  return array({rate_limit("REQUEST_WEIGHT", "MINUTE", 1, limits.spot_weight_per_minute),
                rate_limit("ORDERS", "SECOND", 10, 100), rate_limit("ORDERS", "DAY", 1, 200'000),
                rate_limit("RAW_REQUESTS", "MINUTE", 5, limits.spot_requests_per_5_minutes)});
}

std::string filters(const SimInstrument& instrument) {
  std::string price;
  JsonObject(price)
      .text("filterType", "PRICE_FILTER")
      .text("minPrice", tick(instrument.price_decimals))
      .text("maxPrice", "1000000")
      .text("tickSize", tick(instrument.price_decimals))
      .end();
  std::string lot;
  JsonObject(lot)
      .text("filterType", "LOT_SIZE")
      .text("minQty", tick(instrument.quantity_decimals))
      .text("maxQty", "9000000")
      .text("stepSize", tick(instrument.quantity_decimals))
      .end();
  return array({price, lot});
}

void append_um_symbol(const SimInstrument& instrument, TimeMs now, std::string& out) {
  const bool over = now >= instrument.life.to;
  JsonObject(out)
      .text("symbol", instrument.symbol)
      .text("pair", instrument.symbol)
      .text("contractType", "PERPETUAL")
      .number("deliveryDate", over ? instrument.life.to : kNoDelivery)
      .number("onboardDate", instrument.life.from)
      .text("status", over ? "SETTLING" : "TRADING")
      .text("baseAsset", instrument.base_asset)
      .text("quoteAsset", instrument.quote_asset)
      .text("marginAsset", instrument.quote_asset)
      .number("pricePrecision", instrument.price_decimals)
      .number("quantityPrecision", instrument.quantity_decimals)
      .number("baseAssetPrecision", 8)
      .number("quotePrecision", 8)
      .text("underlyingType", "COIN")
      .raw("underlyingSubType", "[]")
      .raw("filters", filters(instrument))
      .raw("orderTypes", R"(["LIMIT","MARKET"])")
      .raw("timeInForce", R"(["GTC","IOC","FOK"])")
      .end();
}

void append_spot_symbol(const SimInstrument& instrument, TimeMs now, std::string& out) {
  JsonObject(out)
      .text("symbol", instrument.symbol)
      .text("status", now >= instrument.life.to ? "BREAK" : "TRADING")
      .text("baseAsset", instrument.base_asset)
      .number("baseAssetPrecision", 8)
      .text("quoteAsset", instrument.quote_asset)
      .number("quotePrecision", 8)
      .number("quoteAssetPrecision", 8)
      .raw("orderTypes", R"(["LIMIT","MARKET"])")
      .raw("icebergAllowed", "true")
      .raw("isSpotTradingAllowed", "true")
      .raw("isMarginTradingAllowed", "false")
      .raw("filters", filters(instrument))
      .raw("permissions", "[]")
      .raw("permissionSets", R"([["SPOT"]])")
      .end();
}

}  // namespace

std::string exchange_info_json(Market market, std::span<const SimInstrument> instruments,
                               const PublishedLimits& limits, TimeMs now) {
  std::string symbols = "[";
  for (const SimInstrument& instrument : instruments) {
    if (now < instrument.life.from) continue;
    if (symbols.size() > 1) symbols += ',';
    if (market == Market::kUm) {
      append_um_symbol(instrument, now, symbols);
    } else {
      append_spot_symbol(instrument, now, symbols);
    }
  }
  symbols += ']';
  std::string json;
  JsonObject document(json);
  document.text("timezone", "UTC").number("serverTime", now);
  if (market == Market::kUm) document.text("futuresType", "U_MARGINED");
  document.raw("rateLimits", rate_limits(market, limits))
      .raw("exchangeFilters", "[]")
      .raw("symbols", symbols)
      .end();
  return json;
}

}  // namespace bf::sim
