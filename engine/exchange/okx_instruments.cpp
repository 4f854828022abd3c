// /public/instruments: {"code":"0","msg":"","data":[{"instId":"BTC-USDT-SWAP","instType":"SWAP",...}]}.
// Every value is a string; those that an instrument does not have are empty. Only spot fills baseCcy and
// quoteCcy; contracts have them in uly or instFamily ("BTC-USDT").
#include <string>

#include "engine/exchange/instrument_rows.h"
#include "engine/exchange/okx.h"
#include "store/base/decimal.h"

namespace bf::exchange::okx {
namespace {

/// What spot pairs say that were listed before the present system was: no date of theirs.
constexpr TimeMs kBeforeTheSystem = 1'548'133'413'000;

/// What a row says that is not kept as it stands.
struct Rest {
  std::string type;    ///< instType
  std::string family;  ///< instFamily
  std::string underlying;
  std::string contract_value;
  std::string contract_multiplier;
  std::string rule;  ///< ruleType
};

bool read_member(std::string_view key, json::value content, InstrumentInfo& info, Rest& rest) {
  if (key == "instId") return json::read_text(content, info.symbol);
  if (key == "instType") return json::read_text(content, rest.type);
  if (key == "instFamily") return json::read_text(content, rest.family);
  if (key == "uly") return json::read_text(content, rest.underlying);
  if (key == "baseCcy") return json::read_text(content, info.base_asset);
  if (key == "quoteCcy") return json::read_text(content, info.quote_asset);
  if (key == "settleCcy") return json::read_text(content, info.settle_asset);
  if (key == "ctVal") return json::read_text(content, rest.contract_value);
  if (key == "ctMult") return json::read_text(content, rest.contract_multiplier);
  if (key == "tickSz") return json::read_text(content, info.price_tick);
  if (key == "lotSz") return json::read_text(content, info.quantity_step);
  if (key == "state") return json::read_text(content, info.status);
  if (key == "ruleType") return json::read_text(content, rest.rule);
  if (key == "listTime") return read_date(content, info.listed);
  if (key == "expTime") return read_date(content, info.delisted);
  return true;
}

/// Base and quote of a contract: the underlying at its dash.
void split_underlying(const Rest& rest, InstrumentInfo& info) {
  const std::string& pair = rest.underlying.empty() ? rest.family : rest.underlying;
  const std::size_t dash = pair.find('-');
  if (dash == std::string::npos) return;
  info.base_asset = pair.substr(0, dash);
  info.quote_asset = pair.substr(dash + 1, pair.find('_', dash) - dash - 1);
}

/// Contract value times multiplier, which is 1 nearly always; "" where that is no decimal.
std::string contract_size(const Rest& rest) {
  if (rest.contract_multiplier.empty() || rest.contract_multiplier == "1")
    return rest.contract_value;
  Decimal value;
  Decimal times;
  if (parse_decimal(rest.contract_value, value) != DecimalStatus::kExact ||
      parse_decimal(rest.contract_multiplier, times) != DecimalStatus::kExact) {
    return {};
  }
  std::int64_t mantissa = 0;
  if (__builtin_mul_overflow(value.mantissa, times.mantissa, &mantissa)) return {};
  return format_decimal(Decimal{mantissa, value.scale + times.scale});
}

/// As this project names the types: what is no spot pair either has an expiry or goes on.
std::string_view contract_type(Okx::Market market, const Rest& rest) {
  if (market == Okx::Market::kSpot) return {};
  if (market == Okx::Market::kSwap) return "PERPETUAL";
  return rest.rule == "xperp" ? "XPERP" : "FUTURES";
}

std::string complete(Okx::Market market, const Rest& rest, InstrumentInfo& info) {
  if (market != Okx::Market::kSpot) split_underlying(rest, info);
  info.trading = info.status == "live";
  if (info.listed == kBeforeTheSystem) info.listed = 0;
  info.contract_type = contract_type(market, rest);
  info.contract_size = contract_size(rest);
  if (rest.type.empty() || rest.type == inst_type(market)) return {};
  return "its instType is \"" + printable(rest.type, 32) + "\"";
}

/// A row of something that has no market yet.
bool says_nothing(const InstrumentInfo& info) {
  return (info.symbol.empty() || info.base_asset.empty()) &&
         (info.status == "preopen" || info.status == "test");
}

}  // namespace

Result<InstrumentList> parse_instruments(Okx::Market market, std::string_view padded_body) {
  Rest rest;
  InstrumentRows rows;
  rows.exchange = "okx";
  rows.market = "swap";  // any of them: it is the symbol that is looked at
  rows.begin = [&rest] { rest = {}; };
  rows.member = [&rest](std::string_view key, json::value content, InstrumentInfo& info) {
    return read_member(key, content, info, rest);
  };
  rows.complete = [market, &rest](InstrumentInfo& info) { return complete(market, rest, info); };
  rows.skip = says_nothing;
  return read_instrument_rows(rows, padded_body);
}

}  // namespace bf::exchange::okx
